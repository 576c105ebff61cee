-- One row per product of a batch: what a service would answer that takes everything but its own rejections.
-- Reads batch, rejections (sku, reason).
SELECT
    b.sku,
    CASE
        WHEN r.sku IS NOT NULL THEN 'rejected'
        WHEN b.operation = 'removed' THEN 'removed'
        ELSE 'received'
    END AS outcome,
    r.reason AS words,
    NULL::TIMESTAMPTZ AS answered_at
FROM batch AS b LEFT JOIN rejections AS r USING (sku)
