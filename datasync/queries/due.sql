-- One row per SKU that is due: the operation, the version to deliver (NULL for a removal), and what the receipts say of it now.
-- `entry` is the log entry that this row of the receipts comes from.
-- Reads rules and receipts. The conditions are macros of state_of.sql.
-- to deliver = accepted, not surely held in this hash, less those refused in this very hash
-- to remove  = held or perhaps held, and not accepted, less removals that were refused
WITH compared AS (
    SELECT
        a.hash AS wanted,
        a.bytes AS wanted_bytes,
        a.hash IS NOT NULL AND a.exclusion_reason IS NULL AS is_accepted,
        is_removal_due(a.hash, a.exclusion_reason, r, $fingerprint) AS is_removal_due,
        is_held_surely(a.hash, r) OR is_refused(a.hash, r, $fingerprint) AS is_done,
        sku,
        r.* EXCLUDE (sku)
    FROM rules AS a FULL JOIN receipts AS r USING (sku)
)
SELECT
    sku,
    CASE
        WHEN NOT is_accepted THEN 'removed'
        WHEN held_hash IS NULL THEN 'added'
        WHEN held_hash = wanted THEN 'resent'
        ELSE 'updated'
    END AS operation,
    CASE WHEN is_accepted THEN wanted END AS hash,
    CASE WHEN is_accepted THEN wanted_bytes END AS bytes,
    held_hash,
    coalesce(perhaps_held, false) AS perhaps_held,
    received_at,
    received_as,
    entry
FROM compared
WHERE is_removal_due OR (is_accepted AND NOT is_done)
