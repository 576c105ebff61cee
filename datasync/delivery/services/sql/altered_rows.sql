-- One row per product that the table holds of a scope as it is expected by its hash, and with another value in one of its columns.
-- Reads what is expected of the table.
SELECT t.sku
FROM $table AS t JOIN $expected AS e ON e.sku = t.sku AND e.datasync_hash = t.datasync_hash
WHERE t.scope = $scope AND $is_held AND ($differ)
