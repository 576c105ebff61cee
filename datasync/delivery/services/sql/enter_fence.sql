-- Puts a batch's version into the fence of a table and scope, unless a newer one is there. Whoever comes next waits for this transaction.
INSERT INTO $fence AS f (table_name, scope, version)
VALUES ($name, $scope, $version)
ON CONFLICT (table_name, scope) DO UPDATE SET version = excluded.version WHERE f.version <= excluded.version
