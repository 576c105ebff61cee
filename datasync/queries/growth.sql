-- One row per entry of a log after number $base: by how many the SKUs with a version (the column $version) grow with it.
-- Reads folded_base and folded_later, the rows of a checkpoint and of the entries after it.
WITH told AS (
    SELECT sku, $version AS version, entry FROM folded_base
    UNION ALL
    SELECT sku, $version AS version, entry FROM folded_later
),
beside AS (
    SELECT entry, version, lag(version) OVER (PARTITION BY sku ORDER BY entry) AS before FROM told
)
SELECT entry, (count(version) - count(before))::BIGINT AS grows
FROM beside
WHERE entry > $base
GROUP BY entry
