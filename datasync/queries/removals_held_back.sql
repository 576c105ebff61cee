-- One row per product that a service holds or perhaps holds, that is due to be removed, and whose removal nobody accepted, with its name.
-- Reads due, catalog, accepted.
SELECT d.sku, c.name
FROM due AS d LEFT JOIN catalog AS c USING (sku)
WHERE d.operation = 'removed' AND d.sku NOT IN (SELECT sku FROM accepted)
