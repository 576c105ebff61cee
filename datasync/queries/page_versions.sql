-- One row per product version that services list in a scope, numbered in the order of SKU: what the page shows of it, and, where a service holds it, its payload as it was received.
-- Reads page_listed (of all services), catalog (the fold) and versions (every stored row of the catalog log, for versions that were replaced since).
-- Where a version's content is no longer stored, the row stays and its content is NULL.
WITH listed AS (
    SELECT sku, hash, bool_or(held) AS is_held FROM page_listed GROUP BY sku, hash
),
newest AS (
    SELECT c.* FROM catalog AS c SEMI JOIN listed USING (sku, hash)
),
older AS (
    SELECT v.*
    FROM versions AS v SEMI JOIN (SELECT sku, hash FROM listed ANTI JOIN newest USING (sku, hash)) USING (sku, hash)
    QUALIFY row_number() OVER (PARTITION BY v.sku, v.hash ORDER BY v.entry DESC) = 1
),
contents AS (
    SELECT * FROM newest
    UNION ALL BY NAME
    SELECT * FROM older
)
SELECT
    row_number() OVER (ORDER BY listed.sku, listed.hash) - 1 AS version,
    listed.sku,
    listed.hash,
    contents.name,
    contents.type,
    contents.visible_in,
    contents.stock,
    CASE WHEN listed.is_held AND contents.sku IS NOT NULL THEN to_json(payload(contents, $scope))::VARCHAR END AS payload
FROM listed LEFT JOIN contents ON contents.sku = listed.sku AND contents.hash = listed.hash
ORDER BY version
