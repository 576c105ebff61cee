-- One row per product that the rules of a service accept, as a batch of a transfer would hold it.
-- Reads catalog (the products of a check) and rules.
SELECT 'added' AS operation, c.*
FROM catalog AS c SEMI JOIN (SELECT sku FROM rules WHERE exclusion_reason IS NULL) AS r USING (sku)
