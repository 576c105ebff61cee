-- One row per entry of a log after number $base: how many more SKUs have a version (the column $version) after it than before.
-- Reads checkpoint and later, the rows of a checkpoint and of the entries after it.
WITH written AS (
    SELECT sku, $version AS version, entry FROM checkpoint
    UNION ALL
    SELECT sku, $version AS version, entry FROM later
),
beside AS (
    SELECT entry, version, lag(version) OVER (PARTITION BY sku ORDER BY entry) AS before FROM written
)
SELECT entry, (count(version) - count(before))::BIGINT AS grows
FROM beside
WHERE entry > $base
GROUP BY entry
