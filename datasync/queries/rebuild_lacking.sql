-- One row: how many products a service holds, and how many of them a rebuilt place lacks.
-- Reads receipts and built, the folds of the receipts and of the rebuild's log.
SELECT count(*) AS held, count(*) FILTER (b.held_hash IS NULL) AS lacking
FROM receipts AS r LEFT JOIN built AS b USING (sku)
WHERE r.held_hash IS NOT NULL
