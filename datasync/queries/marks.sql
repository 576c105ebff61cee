-- One row per product to deliver again: its last receipt, marked. A mark leaves what is held as it is; the next outcome ends it.
-- Reads receipts, and requested (the SKUs to mark; where $all is true, every product that the service was sent is marked).
SELECT
    r.sku,
    'resend' AS operation,
    r.hash,
    'marked' AS outcome,
    NULL::VARCHAR AS words,
    r.settings,
    r.held_hash,
    r.perhaps_held,
    r.received_at,
    r.received_as,
    $run AS run,
    $clock AS "at"
FROM receipts AS r
WHERE (r.held_hash IS NOT NULL OR r.perhaps_held OR r.outcome IN ('rejected', 'failed', 'marked', 'sent'))
    AND ($all OR r.sku IN (SELECT sku FROM requested))
