-- One row: how many rows of each change a snapshot adds to the catalog log, how many products it takes away, and how many of its records are outdated.
-- A row that moves nothing but a product's updated_at is no update.
SELECT
    count(*) FILTER (d.change = 'added') AS added,
    count(*) FILTER (d.change = 'updated' AND (d.hash <> k.hash OR k.change = 'quarantined')) AS updated,
    count(*) FILTER (d.change = 'removed') AS removed,
    count(*) FILTER (d.change = 'quarantined') AS quarantined,
    count(*) FILTER (d.change = 'removed' AND k.hash IS NOT NULL) AS removed_live,
    (SELECT count(*) FROM outdated) AS outdated
FROM difference AS d LEFT JOIN known AS k USING (sku)
