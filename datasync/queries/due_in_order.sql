-- One row per SKU that is due, in the order in which it is sent: removals, updates, additions, and of each what the catalog changed longest ago first.
-- A delivery that got no answer comes after all that did not fail yet, so that a product over which the service breaks down keeps nobody waiting.
-- Reads due, receipts, catalog.
SELECT d.*
FROM due AS d LEFT JOIN receipts AS r USING (sku) LEFT JOIN catalog AS c USING (sku)
ORDER BY
    d.operation <> 'removed',
    d.operation <> 'removed' AND coalesce(r.outcome = 'failed', false),
    d.operation = 'added',
    c.entry,
    d.sku
