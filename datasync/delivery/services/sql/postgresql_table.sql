-- One row where there is the table $table: what it is (pg_class.relkind), and whether ($scope, $sku) is a key of it.
-- Reads PostgreSQL's catalog.
SELECT
    c.relkind::text,
    EXISTS (
        SELECT 1
        FROM pg_index AS i
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
            AND i.indnkeyatts = 2
            AND 2 = (
                SELECT count(*)
                FROM pg_attribute AS a
                WHERE a.attrelid = c.oid AND a.attname IN ($scope, $sku) AND a.attnum IN (i.indkey[0], i.indkey[1])
            )
    ) AS has_key
FROM pg_class AS c
WHERE c.oid = to_regclass($table)
