-- One row: how many catalog products are in each state, each counted by what its own rule and receipt must look like, never as a rest.
-- A receipt that fits no state (damaged) or stands twice leaves a gap, which the page shows as unexplained.
-- `stale_other` are stale by another version than the catalog's; that the version is known is counted apart (known_versions.sql).
WITH facing AS (
    SELECT
        a.hash,
        a.hash IS NOT NULL AND a.exclusion_reason IS NULL AS accepted,
        a.exclusion_reason IS NOT NULL AS turned_away,
        r.sku IS NOT NULL AS has_receipt,
        r.outcome,
        r.held_hash,
        r.perhaps_held,
        r.received_at,
        coalesce(r.outcome = 'rejected' AND r.hash = a.hash AND r.settings = $fingerprint, false) AS refused,
        coalesce(r.outcome = 'rejected' AND r.operation = 'removed' AND r.settings = $fingerprint, false) AS removal_refused,
        coalesce(r.outcome = 'failed' AND r.hash = a.hash, false) AS unanswered
    FROM rules AS a FULL JOIN receipts AS r USING (sku)
)
SELECT
    count(*) FILTER (turned_away) AS excluded,
    count(*) FILTER (accepted AND refused) AS rejected,
    count(*) FILTER (accepted AND unanswered) AS failed,
    count(*) FILTER (
        accepted AND NOT refused AND NOT unanswered AND held_hash = hash AND NOT perhaps_held
        AND outcome IN ('received', 'rejected') AND received_at IS NOT NULL
    ) AS current,
    count(*) FILTER (
        accepted AND NOT refused AND NOT unanswered AND held_hash = hash AND (perhaps_held OR outcome = 'marked')
        AND outcome IN ('rejected', 'failed', 'marked', 'sent')
    ) AS stale,
    count(*) FILTER (
        accepted AND NOT refused AND NOT unanswered AND held_hash <> hash
        AND outcome IN ('received', 'rejected', 'failed', 'marked', 'sent')
    ) AS stale_other,
    count(*) FILTER (accepted AND NOT has_receipt) + count(*) FILTER (
        accepted AND NOT refused AND NOT unanswered AND has_receipt AND held_hash IS NULL
        AND outcome IN ('removed', 'rejected', 'failed', 'marked', 'sent')
    ) AS missing,
    count(held_hash) FILTER (accepted AND (refused OR unanswered)) AS held_older,
    count(held_hash) FILTER (NOT accepted) AS orphaned,
    count(held_hash) AS total_received,
    count(*) FILTER (NOT accepted AND (held_hash IS NOT NULL OR perhaps_held) AND NOT removal_refused) AS removals_due
FROM facing
