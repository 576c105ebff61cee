-- One row per valid record of a SKU that more than one valid record has: its position, whether it is valid, repeated or quarantined, why the latter,
-- and whether it overrides the catalog whatever its time. Reads same_sku_records: those records, finished.
-- The newest updated_at stays, NULL is oldest, ties go to the later position; the same content again is one product, repeated.
-- Of files of changes ($by_change_time) it comes out as if each record had been pulled alone, by the rule of outdated.sql: one without a time overrides
-- all that was read before it, the catalog too, and of the records since then the newest stays.
WITH timed AS (
    SELECT
        *,
        $by_change_time AND bool_or(updated_at IS NULL) OVER by_sku AS has_untimed,
        NOT $by_change_time OR coalesce(position >= max(position) FILTER (updated_at IS NULL) OVER by_sku, true) AS is_since
    FROM same_sku_records
    WINDOW by_sku AS (PARTITION BY sku)
),
ranked AS (
    SELECT
        *,
        first_value(hash) OVER newest_first AS kept_hash,
        first_value(updated_at) OVER newest_first AS kept_time,
        row_number() OVER newest_first AS place
    FROM timed
    WINDOW newest_first AS (PARTITION BY sku ORDER BY is_since DESC, updated_at DESC NULLS LAST, position DESC)
)
SELECT
    position,
    sku,
    CASE WHEN place = 1 THEN 'valid' WHEN hash = kept_hash THEN 'repeated' ELSE 'duplicate-sku' END AS becomes,
    place = 1 AND has_untimed AND updated_at IS NOT NULL AS overrides,
    CASE
        WHEN place = 1 OR hash = kept_hash THEN NULL
        WHEN NOT is_since THEN 'A later record of this SKU has no updated_at, so it overrides this one.'
        WHEN updated_at IS NULL AND has_untimed AND kept_time IS NOT NULL THEN 'This record has no updated_at, so a later one of this SKU overrides it.'
        WHEN updated_at IS NULL AND kept_time IS NOT NULL THEN 'This record has no updated_at, and another record of this SKU has one.'
        WHEN updated_at IS NULL THEN 'Another record of this SKU stands further down, and both have no updated_at.'
        WHEN updated_at = kept_time THEN 'Another record of this SKU has the same updated_at and stands further down.'
        ELSE 'Another record of this SKU has a newer updated_at.'
    END AS sentence
FROM ranked
