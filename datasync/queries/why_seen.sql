-- One row per pull that read a record of one product: its run, and whether the record was valid.
-- Reads snapshots and quarantines, the files of the pulls that may answer.
WITH found AS (
    SELECT filename, true AS is_valid FROM snapshots WHERE sku = $sku
    UNION ALL
    SELECT filename, false AS is_valid FROM quarantines WHERE sku = $sku
)
SELECT regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run, bool_or(is_valid) AS is_valid
FROM found
GROUP BY ALL
