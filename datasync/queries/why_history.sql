-- One row per entry that tells of one product: in the catalog log (service is NULL) or in a service's receipt log.
-- Reads versions (the catalog's history) and receipts_history (the services' histories, each row with its service).
-- Within a log they stand in the order of its entries, whatever their writers' clocks said.
WITH events AS (
    SELECT entry, "at", NULL AS service, change AS what, hash AS version, code AS words, run
    FROM versions
    WHERE sku = $sku
    UNION
    SELECT entry, "at", service, CASE outcome WHEN 'received' THEN 'received (' || operation || ')' ELSE outcome END, hash, words, run
    FROM receipts_history
    WHERE sku = $sku
)
SELECT "at", service, what, version, words, run
FROM events
ORDER BY max("at") OVER (PARTITION BY service ORDER BY entry), service NULLS FIRST, entry
