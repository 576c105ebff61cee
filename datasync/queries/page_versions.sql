-- One row per product version that a service holds in a scope, numbered in the order of SKU: what the page shows of it, and its payload as it was received.
-- Reads page_held, catalog (the fold) and versions (every kept row of the catalog log, for versions that were replaced since).
-- Where a version's content is no longer kept, the row stays and its content is NULL.
WITH held AS (
    SELECT DISTINCT sku, hash FROM page_held
),
newest AS (
    SELECT c.* FROM catalog AS c SEMI JOIN held USING (sku, hash)
),
older AS (
    SELECT v.*
    FROM versions AS v SEMI JOIN (SELECT * FROM held ANTI JOIN newest USING (sku, hash)) USING (sku, hash)
    QUALIFY row_number() OVER (PARTITION BY v.sku, v.hash ORDER BY v.entry DESC) = 1
),
kept AS (
    SELECT * FROM newest
    UNION ALL BY NAME
    SELECT * FROM older
)
SELECT
    row_number() OVER (ORDER BY held.sku, held.hash) - 1 AS version,
    held.sku,
    held.hash,
    kept.name,
    kept.type,
    kept.visible_in,
    kept.stock,
    CASE WHEN kept.sku IS NOT NULL THEN to_json(payload(kept, $scope))::VARCHAR END AS payload
FROM held LEFT JOIN kept ON kept.sku = held.sku AND kept.hash = held.hash
ORDER BY version
