-- One row per SKU of a batch that is about to be sent: perhaps held from now on, whatever becomes of the process that sends it.
-- Reads due.
SELECT
    sku,
    operation,
    hash,
    'sent' AS outcome,
    'Sent, and no answer was recorded' AS words,
    $fingerprint AS settings,
    held_hash,
    true AS perhaps_held,
    received_at,
    received_as,
    $run AS run,
    $clock AS "at"
FROM due
