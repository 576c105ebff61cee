-- One row: what the states leave over of the products that the catalog recorded; or, where that is nothing, the receipts' recorded count of held ones.
-- Reads states, known (products stale by another version that the catalog log knows), and the metadata of both logs' entries.
WITH differences AS (
    SELECT
        coalesce((SELECT (meta ->> 'products')::BIGINT FROM catalog_head), 0)
        - (excluded + rejected + failed + current + stale + (SELECT count(*) FROM known) + missing) AS of_catalog,
        coalesce((SELECT (meta ->> 'held')::BIGINT FROM head), 0)
        - (current + stale + (SELECT count(*) FROM known) + held_older + orphaned) AS of_receipts
    FROM states
)
SELECT CASE of_catalog WHEN 0 THEN of_receipts ELSE of_catalog END AS unexplained FROM differences
