-- One row per product of which it is known what a service was sent: it holds the catalog's version, by its receipts and by what is there.
-- What was delivered under other settings may have had other columns.
-- Reads receipts and catalog (the folds) and there (sku, hash).
SELECT sku, 'resent' AS operation, c.hash
FROM receipts AS r JOIN catalog AS c USING (sku) JOIN there AS t USING (sku)
WHERE r.held_hash = c.hash AND t.hash = c.hash AND NOT r.perhaps_held AND r.settings = $fingerprint
ORDER BY sku
