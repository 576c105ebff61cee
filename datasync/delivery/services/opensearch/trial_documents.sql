-- One row per product of a sample: its SKU, and its document as one that is removed, so that the alias hides it.
-- Reads batch (as `deliver` gets it); $scope is a literal.
SELECT
    sku,
    to_json(struct_insert(
        payload(b, $scope),
        removed := true,
        datasync := {'scope': $scope, 'hash': NULL::VARCHAR, 'version': 1}
    ))::VARCHAR AS document
FROM batch AS b
WHERE operation <> 'removed'
ORDER BY sku
LIMIT 100
