-- One row per unique index of the table $table over ($scope, $sku), the primary key's too.
-- Reads SQLite's own tables.
SELECT i.name
FROM pragma_index_list($table) AS i JOIN pragma_index_info(i.name) AS c
WHERE i."unique" AND NOT i.partial
GROUP BY i.name
HAVING count(*) = 2 AND sum(lower(c.name) IN ($scope, $sku)) = 2
