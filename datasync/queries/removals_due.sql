-- One row: how many products a service holds or perhaps holds, how many of them are due to be removed, and how many of these an operator accepted.
-- Reads due, receipts, accepted.
SELECT
    count(*) FILTER (d.operation = 'removed') AS removals,
    count(*) FILTER (d.operation = 'removed' AND r.sku IN (SELECT sku FROM accepted)) AS accepted,
    count(*) AS held
FROM receipts AS r LEFT JOIN due AS d USING (sku)
WHERE r.held_hash IS NOT NULL OR r.perhaps_held
