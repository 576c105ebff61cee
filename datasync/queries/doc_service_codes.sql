-- One row per service and document of a scope: what the service says of it, packed into `code`; records in quarantine stand in every service.
-- `code` adds the state's place in $states (from 1), 16 times the flags of page_rows, 512 where the SKU of a record is a product of the service too, 1024 where there is a time, 2048 where the last pull put a record there.
-- Reads page_rows, page_versions and numbered_records (numbered after the versions).
WITH named AS (
    SELECT q.version, s.service, q.sentence, q.sku, q.is_of_last_pull
    FROM numbered_records AS q, (SELECT unnest($services) AS service) AS s
),
own AS (
    SELECT DISTINCT r.service, v.sku
    FROM page_rows AS r JOIN page_versions AS v USING (version)
    WHERE v.sku IN (SELECT sku FROM numbered_records)
)
SELECT
    service,
    version,
    list_position($states, state) + 16 * flags::INTEGER + 1024 * (coalesce(received_ms, answered_ms) IS NOT NULL)::INTEGER AS code,
    received_ms,
    answered_ms,
    words
FROM page_rows
UNION ALL
SELECT n.service, n.version, list_position($states, 'quarantined') + 512 * (own.sku IS NOT NULL)::INTEGER + 2048 * n.is_of_last_pull::INTEGER, NULL, NULL, n.sentence
FROM named AS n LEFT JOIN own ON own.service = n.service AND own.sku = n.sku
