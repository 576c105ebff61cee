-- One row per product that a service does not hold as its receipts say: absent, different, or foreign (there by our doing, and by no receipt).
-- Reads receipts (the fold), there (what the service really holds: sku, hash, is_ours), chosen (the SKUs that were asked about; all were, where $all is true).
-- A product that is perhaps held is due in any case, so nothing is to be learned of it. What is there and never was ours is nobody's difference.
WITH said AS (
    SELECT sku, held_hash, perhaps_held
    FROM receipts
    WHERE (held_hash IS NOT NULL OR perhaps_held) AND ($all OR sku IN (SELECT sku FROM chosen))
)
SELECT
    sku,
    CASE
        WHEN t.sku IS NULL THEN 'absent'
        WHEN s.sku IS NULL THEN 'foreign'
        ELSE 'different'
    END AS difference
FROM said AS s FULL JOIN there AS t USING (sku)
WHERE NOT coalesce(s.perhaps_held, false)
    AND CASE WHEN s.sku IS NULL THEN t.is_ours ELSE s.held_hash IS DISTINCT FROM t.hash END
