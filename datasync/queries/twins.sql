-- One row per group of valid SKUs of a pull that look alike, the first three: the first four SKUs of the group, and how many groups there are.
-- Reads wanted_records and duplicate_resolution. Hashes are compared for all SKUs; the SKUs themselves only in the groups.
WITH valid AS (
    SELECT sku
    FROM wanted_records ANTI JOIN (SELECT position FROM duplicate_resolution WHERE becomes <> 'valid') USING (position)
    WHERE code IS NULL
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
