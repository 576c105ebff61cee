-- Adds the products of a batch, or replaces the rows that have their key, whoever wrote them.
-- Reads the stage of the batch.
INSERT INTO $table (scope, sku, $names)
SELECT $scope, s.sku, $values
FROM $stage AS s
WHERE s.operation <> 'removed'
ON CONFLICT (scope, sku) DO UPDATE SET $replaced
