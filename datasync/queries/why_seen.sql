-- One row per pull that read a record of one product: its run, and whether the record was valid.
-- Reads records, left_out and quarantines, the files of the pulls that may answer; a file of records is called <run>.<try>.parquet.
WITH valid AS (
    SELECT regexp_extract(filename, '([^/\\]+)[.][0-9a-f]+[.]parquet$', 1) AS run, file_row_number AS position
    FROM records
    WHERE sku = $sku
),
found AS (
    SELECT run, true AS is_valid
    FROM valid ANTI JOIN (
        SELECT regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run, position FROM left_out
    ) USING (run, position)
    UNION ALL
    SELECT regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run, false AS is_valid FROM quarantines WHERE sku = $sku
)
SELECT run, bool_or(is_valid) AS is_valid
FROM found
GROUP BY ALL
