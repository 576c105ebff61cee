-- One row per SKU that is due: the operation, the version to deliver (NULL for a removal), and what the receipts say of it now (in their row of which entry).
-- to deliver = accepted, not held in this hash (or marked, or perhaps held otherwise), less those rejected in this very hash
-- to remove  = held or perhaps held, and not accepted, less removals that were refused
WITH accepted AS (
    SELECT sku, hash, bytes FROM rules WHERE otherwise IS NULL
),
facing AS (
    SELECT
        sku,
        a.hash,
        a.bytes,
        coalesce(r.outcome, 'none') AS outcome,
        r.hash AS tried_hash,
        r.operation = 'removed' AS tried_removal,
        r.settings = $settings AS same_settings,
        r.held_hash,
        coalesce(r.perhaps_held, false) AS perhaps_held,
        r.received_at,
        r.received_as,
        r.entry
    FROM accepted AS a FULL JOIN receipts AS r USING (sku)
)
SELECT
    sku,
    CASE
        WHEN hash IS NULL THEN 'removed'
        WHEN held_hash IS NULL THEN 'added'
        WHEN held_hash = hash THEN 'resent'
        ELSE 'updated'
    END AS operation,
    hash,
    bytes,
    held_hash,
    perhaps_held,
    received_at,
    received_as,
    entry
FROM facing
WHERE CASE
    WHEN hash IS NOT NULL
        THEN NOT coalesce(held_hash = hash AND NOT perhaps_held AND outcome <> 'marked', false)
            AND NOT coalesce(outcome = 'rejected' AND tried_hash = hash AND same_settings, false)
    ELSE (held_hash IS NOT NULL OR perhaps_held)
        AND NOT coalesce(outcome = 'rejected' AND tried_removal AND same_settings, false)
END
