-- One row per product that an audit found to be otherwise than the receipts say: due again, whether it is to be there or not.
-- Reads differences (sku, difference) and receipts (the fold).
-- What is absent is not held any more. What is different or foreign is perhaps held: delivered again, or removed.
SELECT
    d.sku,
    'resend' AS operation,
    r.hash,
    'marked' AS outcome,
    CASE d.difference
        WHEN 'absent' THEN 'An audit did not find it there'
        WHEN 'different' THEN 'An audit found another version of it there, or other values'
        ELSE 'An audit found it there, though no receipt says so'
    END AS words,
    r.settings,
    CASE WHEN d.difference = 'different' THEN r.held_hash END AS held_hash,
    d.difference <> 'absent' AS perhaps_held,
    CASE WHEN d.difference <> 'absent' THEN r.received_at END AS received_at,
    CASE WHEN d.difference <> 'absent' THEN r.received_as END AS received_as,
    $run AS run,
    $clock AS "at"
FROM differences AS d LEFT JOIN receipts AS r USING (sku)
