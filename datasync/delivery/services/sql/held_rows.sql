-- One row per product that the table holds of a scope: its SKU, hash and version, '' and -1 where we did not write it.
-- Never NULL, because SQLite's driver takes a column's type from its first values.
SELECT sku, coalesce(datasync_hash, '') AS hash, coalesce(datasync_version, -1) AS version
FROM $table
WHERE scope = $scope AND $is_held $among
