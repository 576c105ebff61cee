-- One row per column of the table $table: its name, its declared type, and whether a row has to have a value that nothing else gives.
-- Reads SQLite's own tables.
SELECT
    name,
    type,
    "notnull" AND dflt_value IS NULL AND NOT (pk AND lower(type) = 'integer')
FROM pragma_table_info($table)
ORDER BY cid
