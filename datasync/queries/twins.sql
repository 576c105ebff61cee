-- One row per group of valid SKUs of the pull that is staged that look alike, the first three: the first four SKUs of the group, and how many groups there are.
-- Reads staged and settled. What is hashed is compared for all; what the SKUs are is looked at in the groups alone.
WITH valid AS (
    SELECT sku FROM staged ANTI JOIN (SELECT position FROM settled WHERE becomes <> 'valid') USING (position) WHERE code IS NULL
),
alike AS (
    SELECT hash(looks_of(sku)) AS looks FROM valid GROUP BY looks HAVING count(*) > 1
),
groups AS (
    SELECT list(sku ORDER BY sku)[:4] AS skus
    FROM valid
    WHERE hash(looks_of(sku)) IN (SELECT looks FROM alike)
    GROUP BY looks_of(sku)
    HAVING count(*) > 1
)
SELECT skus, count(*) OVER () AS groups FROM groups ORDER BY skus LIMIT 3
