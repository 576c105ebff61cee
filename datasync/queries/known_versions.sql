-- One row per product that is stale by another version than the catalog's, and that version is one the catalog log knows.
SELECT DISTINCT r.sku
FROM receipts AS r
    JOIN rules AS a ON a.sku = r.sku AND a.exclusion_reason IS NULL AND a.hash <> r.held_hash
    JOIN versions AS v ON v.sku = r.sku AND v.hash = r.held_hash
WHERE r.outcome IN ('received', 'rejected', 'failed', 'marked', 'sent')
    AND NOT (r.outcome = 'rejected' AND r.hash IS NOT DISTINCT FROM a.hash AND r.settings = $fingerprint)
    AND NOT (r.outcome = 'failed' AND r.hash IS NOT DISTINCT FROM a.hash)
