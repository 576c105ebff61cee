-- One row per product of a batch that can be sent: its place `n` in the order of SKU, and the two lines of a bulk request that index its document.
-- A removed product becomes a small document that the alias hides; its version refuses late requests.
-- Reads batch (as `deliver` gets it, with the product's columns); $scope and $version are literals.
SELECT
    row_number() OVER (ORDER BY sku) - 1 AS n,
    sku,
    operation,
    to_json({'index': {'_id': sku, 'version': $version, 'version_type': 'external_gte'}})::VARCHAR || chr(10)
    || CASE
        WHEN operation = 'removed' THEN to_json({
            'sku': sku,
            'scope': $scope,
            'removed': true,
            'datasync': {'scope': $scope, 'hash': NULL::VARCHAR, 'version': $version}
        })::VARCHAR
        ELSE to_json(struct_insert(
            payload(b, $scope),
            removed := false,
            datasync := {'scope': $scope, 'hash': b.hash, 'version': $version}
        ))::VARCHAR
    END || chr(10) AS lines
FROM batch AS b
WHERE strlen(sku) <= $longest
