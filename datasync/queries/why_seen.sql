-- One row per pull that read a record of one product: its run, what it said of the product, and the updated_at of the valid record.
-- Reads records, left_out and quarantines, the files of the pulls that may answer; a file of records is called <run>.<try>.parquet.
WITH read AS (
    SELECT regexp_extract(filename, '([^/\\]+)[.][0-9a-f]+[.]parquet$', 1) AS run, file_row_number AS position, code, updated_at
    FROM records
    WHERE sku = $sku
),
readings AS (
    SELECT run, 'valid' AS what, updated_at
    FROM read ANTI JOIN (
        SELECT regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run, position FROM left_out
    ) USING (run, position)
    UNION ALL
    SELECT run, 'filtered', NULL FROM read WHERE code = 'filtered'
    UNION ALL
    SELECT regexp_extract(filename, '([^/\\]+)[.]parquet$', 1), 'quarantined', NULL FROM quarantines WHERE sku = $sku
)
SELECT run, arg_min(what, list_position(['valid', 'quarantined', 'filtered'], what)) AS what, max(updated_at) AS updated_at
FROM readings
GROUP BY run
