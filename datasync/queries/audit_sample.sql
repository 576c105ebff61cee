-- One row per SKU of a sample of what a service surely holds: another one each time, for $seed is another.
-- Reads receipts.
SELECT sku
FROM receipts
WHERE held_hash IS NOT NULL AND NOT perhaps_held
ORDER BY hash(sku || $seed)
LIMIT $size
