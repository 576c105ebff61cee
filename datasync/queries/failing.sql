-- One row per SKU that a service rejected or failed to take in the version it should hold, or whose record is in quarantine.
-- Reads rules, receipts and catalog.
SELECT sku
FROM rules AS a JOIN receipts AS r USING (sku)
WHERE state_of(a.hash, a.exclusion_reason, r, true, $fingerprint) IN ('rejected', 'failed')
UNION
SELECT sku FROM receipts WHERE outcome = 'failed' AND perhaps_held
UNION
SELECT sku FROM catalog WHERE change = 'quarantined'
