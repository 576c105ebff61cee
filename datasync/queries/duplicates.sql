-- One row per valid record of a SKU that more than one valid record has: its position, and whether it is valid, repeated or quarantined.
-- Reads same_sku_records: those records, finished.
-- The newest updated_at stays, NULL is oldest, ties go to the later position; the same content again is one product, repeated.
WITH ranked AS (
    SELECT
        position,
        sku,
        hash,
        first_value(hash) OVER newest_first AS kept_hash,
        row_number() OVER newest_first AS place
    FROM same_sku_records
    WINDOW newest_first AS (PARTITION BY sku ORDER BY updated_at DESC NULLS LAST, position DESC)
)
SELECT
    position,
    sku,
    CASE WHEN place = 1 THEN 'valid' WHEN hash = kept_hash THEN 'repeated' ELSE 'duplicate-sku' END AS becomes
FROM ranked
