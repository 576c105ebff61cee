-- One row per SKU that a service rejected or failed to take in the version it should hold, or whose record is in quarantine.
SELECT sku FROM (SELECT sku, hash FROM rules WHERE otherwise IS NULL) AS a JOIN receipts AS r USING (sku)
WHERE r.hash = a.hash AND (r.outcome = 'failed' OR (r.outcome = 'rejected' AND r.settings = $settings))
UNION
SELECT sku FROM receipts WHERE outcome = 'failed' AND perhaps_held
UNION
SELECT sku FROM catalog WHERE change = 'quarantined'
