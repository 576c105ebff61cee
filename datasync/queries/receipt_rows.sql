-- One row per SKU of a batch: its receipt. An embedded service answers by the entry itself, so its time is that of the entry's writer, $clock.
-- Reads answered.
SELECT
    sku,
    operation,
    hash,
    outcome,
    words,
    $fingerprint AS settings,
    held_hash,
    perhaps_held,
    CASE WHEN is_taken THEN least(coalesce(answered_at, $clock), $clock) ELSE received_at END AS received_at,
    CASE WHEN is_taken THEN operation ELSE received_as END AS received_as,
    $run AS run,
    $clock AS "at"
FROM answered
