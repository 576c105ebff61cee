-- One row per pull that read a record of one product: its run, whether the record was valid, and the updated_at of the valid one.
-- Reads records, left_out and quarantines, the files of the pulls that may answer; a file of records is called <run>.<try>.parquet.
WITH valid AS (
    SELECT regexp_extract(filename, '([^/\\]+)[.][0-9a-f]+[.]parquet$', 1) AS run, file_row_number AS position, updated_at
    FROM records
    WHERE sku = $sku
),
found AS (
    SELECT run, true AS is_valid, updated_at
    FROM valid ANTI JOIN (
        SELECT regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run, position FROM left_out
    ) USING (run, position)
    UNION ALL
    SELECT regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run, false AS is_valid, NULL AS updated_at FROM quarantines WHERE sku = $sku
)
SELECT run, bool_or(is_valid) AS is_valid, max(updated_at) AS updated_at
FROM found
GROUP BY run
