-- One row: how many rows of each change a snapshot adds to the catalog log, and how many products it takes away.
SELECT
    count(*) FILTER (d.change = 'added') AS added,
    count(*) FILTER (d.change = 'updated') AS updated,
    count(*) FILTER (d.change = 'removed') AS removed,
    count(*) FILTER (d.change = 'quarantined') AS quarantined,
    count(*) FILTER (d.change = 'removed' AND k.hash IS NOT NULL) AS removed_live
FROM difference AS d LEFT JOIN known AS k USING (sku)
