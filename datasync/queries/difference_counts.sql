-- One row: how many rows of each change a snapshot would add to the catalog log, how many products it would take away, how many of these an operator
-- accepted, or a hold keeps back, and how many of its records are outdated. Reads changes, catalog_rows (the catalog now), accepted, kept_back, outdated.
-- A row that moves nothing but a product's updated_at is no update.
SELECT
    count(*) FILTER (d.change = 'added') AS added,
    count(*) FILTER (d.change = 'updated' AND (d.hash <> k.hash OR k.change = 'quarantined')) AS updated,
    count(*) FILTER (d.change = 'removed') AS removed,
    count(*) FILTER (d.change = 'quarantined') AS quarantined,
    count(*) FILTER (d.change = 'removed' AND k.hash IS NOT NULL) AS removed_live,
    count(*) FILTER (d.change = 'removed' AND k.hash IS NOT NULL AND d.sku IN (SELECT sku FROM accepted)) AS accepted,
    count(*) FILTER (d.change = 'removed' AND k.hash IS NOT NULL AND d.sku IN (SELECT sku FROM kept_back)) AS kept_back,
    (SELECT count(*) FROM outdated) AS outdated
FROM changes AS d LEFT JOIN catalog_rows AS k USING (sku)
