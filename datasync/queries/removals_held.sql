-- One row per product that a snapshot would remove from the catalog and whose removal nobody accepted, with its name.
-- Reads changes, catalog_rows (the catalog now), accepted.
SELECT c.sku, k.name
FROM changes AS c JOIN catalog_rows AS k USING (sku)
WHERE c.change = 'removed' AND k.hash IS NOT NULL AND c.sku NOT IN (SELECT sku FROM accepted)
