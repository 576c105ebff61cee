-- One row per column of the table $table: its name, the name of its type (below a domain's) as it is and as SQL writes it, the type's
-- category, the type for people, and whether a row has to have a value that nothing but whoever writes it gives.
-- Reads PostgreSQL's catalog.
SELECT
    a.attname::text,
    b.typname::text,
    quote_ident(n.nspname) || '.' || quote_ident(b.typname),
    b.typcategory::text,
    format_type(a.atttypid, a.atttypmod),
    a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid
    JOIN pg_type AS b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    JOIN pg_namespace AS n ON n.oid = b.typnamespace
WHERE a.attrelid = to_regclass($table) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
