-- One row per SKU whose row in the catalog log this snapshot changes: what changed, and the product as it is from now on.
-- Reads catalog_rows (the catalog now), snapshot, quarantine, asked_for (SKUs asked for by name), later (SKUs read by a pull that started later)
-- and outdated (SKUs whose record is older than the catalog's; outdated.sql says of which pulls).
-- In a pull of files of changes ($by_change_time) the same content with another updated_at is written too, as `updated` with its hash: no service
-- gets it again, but later records are outdated by the newest updated_at that was accepted, even if content did not change.
-- A repair leaves in doubt what the catalog has from entries through $doubted (0: nothing): what is read again of it is written again, as `verified`.
WITH seen AS (
    SELECT * FROM snapshot ANTI JOIN later USING (sku) ANTI JOIN outdated USING (sku)
),
invalid AS (
    SELECT sku, min(code) AS code, any_value(name) AS name
    FROM quarantine ANTI JOIN later USING (sku) ANTI JOIN snapshot USING (sku)
    WHERE sku IS NOT NULL
    GROUP BY sku
),
changed AS (
    SELECT
        CASE
            WHEN k.hash IS NULL THEN 'added'
            WHEN k.entry <= $doubted AND k.comparable = s.hash AND k.change <> 'quarantined'
                AND (NOT $by_change_time OR s.updated_at IS NOT DISTINCT FROM k.updated_at) THEN 'verified'
            ELSE 'updated'
        END AS change,
        NULL::VARCHAR AS code,
        s.* REPLACE (
            CASE WHEN k.comparable = s.hash THEN k.hash ELSE s.hash END AS hash,
            CASE WHEN k.comparable = s.hash THEN k.hash_version ELSE s.hash_version END AS hash_version
        )
    FROM seen AS s LEFT JOIN catalog_rows AS k USING (sku)
    WHERE k.hash IS NULL OR k.comparable <> s.hash OR k.change = 'quarantined'
        OR ($by_change_time AND s.updated_at IS DISTINCT FROM k.updated_at)
        OR k.entry <= $doubted
),
now_invalid AS (
    SELECT 'quarantined' AS change, i.code AS new_code, i.sku AS invalid_sku, i.name AS invalid_name, k.*
    FROM invalid AS i LEFT JOIN catalog_rows AS k USING (sku)
    WHERE k.change IS DISTINCT FROM 'quarantined' OR k.code <> i.code
),
gone AS (
    SELECT sku, k.name
    FROM catalog_rows AS k ANTI JOIN snapshot USING (sku) ANTI JOIN invalid USING (sku) ANTI JOIN later USING (sku)
    WHERE $removes AND k.change <> 'removed'
    UNION ALL
    SELECT a.sku, k.name
    FROM asked_for AS a
        ANTI JOIN snapshot USING (sku)
        ANTI JOIN invalid USING (sku)
        ANTI JOIN later USING (sku)
        LEFT JOIN catalog_rows AS k USING (sku)
    WHERE k.change IS DISTINCT FROM 'removed'
)
SELECT *, $run AS run, $started_at AS started_at, NULL::TIMESTAMPTZ AS "at" FROM changed
UNION ALL BY NAME
SELECT
    change, new_code AS code, invalid_sku AS sku, coalesce(name, invalid_name) AS name,
    description, type, status, visible_in, stock, price, currency, url, images, categories, updated_at, attributes,
    hash, hash_version, bytes, $run AS run, $started_at AS started_at
FROM now_invalid
UNION ALL BY NAME
SELECT 'removed' AS change, sku, name, $run AS run, $started_at AS started_at FROM gone
