-- One row per product that a late request may bring to a rebuilt place though it is to hold it no more: perhaps held, so that it is removed there.
-- Reads receipts (the fold) and built (the fold of the rebuild's log, which has the products that this was said of before). Removals before $since are past any request.
SELECT
    sku,
    'resend' AS operation,
    NULL::VARCHAR AS hash,
    'marked' AS outcome,
    'A late request may bring it' AS words,
    $fingerprint AS settings,
    NULL::VARCHAR AS held_hash,
    true AS perhaps_held,
    NULL::TIMESTAMPTZ AS received_at,
    NULL::VARCHAR AS received_as,
    $run AS run,
    $clock AS "at"
FROM receipts ANTI JOIN built USING (sku)
WHERE held_hash IS NOT NULL OR perhaps_held OR "at" >= $since
