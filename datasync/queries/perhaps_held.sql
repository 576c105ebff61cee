-- One row per SKU that a service elsewhere perhaps holds since receipts of it were lost: due again, whatever is known of it.
-- Reads whole (the newest whole receipt of each SKU) and known_skus (every SKU that the catalog ever had, as far as it is whole).
-- A receipt that is newer than the newest lost entry, $through, is certain.
SELECT
    sku, operation, hash, 'failed' AS outcome, 'Not known: receipts were lost, and repaired' AS words, settings, held_hash,
    true AS perhaps_held, received_at, received_as, $run AS run, $clock AS "at"
FROM whole
WHERE entry < $through
UNION ALL
SELECT
    sku, 'added', NULL, 'failed', 'Not known: receipts were lost, and repaired', NULL, NULL,
    true, NULL, NULL, $run, $clock
FROM (SELECT DISTINCT sku FROM known_skus) ANTI JOIN whole USING (sku)
