-- One row per product that one service of a scope ought to hold, holds or held: its state there, the version shown of it, and why.
-- Reads rules, receipts, versions (every row of the catalog log), and known (those and the rows of later entries).
-- `flags` adds 1 received, 2 resent and 4 removed in the window, and 8 where a removal is due.
WITH known_versions AS (
    SELECT DISTINCT sku, hash FROM known WHERE hash IS NOT NULL
),
last_versions AS (
    SELECT sku, arg_max(hash, entry) AS hash FROM versions WHERE hash IS NOT NULL GROUP BY sku
),
compared AS (
    SELECT
        sku,
        a.hash AS wanted,
        a.exclusion_reason,
        r.* EXCLUDE (sku),
        r.received_at >= $since AS is_lately,
        is_removal_due(a.hash, a.exclusion_reason, r, $fingerprint) AS is_removal_due,
        state_of(a.hash, a.exclusion_reason, r, k.hash IS NOT NULL, $fingerprint) AS state
    FROM rules AS a FULL JOIN receipts AS r USING (sku) LEFT JOIN known_versions AS k ON k.sku = r.sku AND k.hash = r.held_hash
)
SELECT
    t.sku,
    coalesce(t.held_hash, t.wanted, l.hash, '') AS hash,
    t.held_hash IS NOT NULL AS held,
    t.state,
    CASE WHEN t.held_hash IS NOT NULL THEN t.received_at END AS received_at,
    CASE
        WHEN t.state IN ('rejected', 'failed') THEN t."at"
        WHEN t.held_hash IS NULL AND t.received_as = 'removed' THEN t.received_at
    END AS answered_at,
    CASE t.state WHEN 'excluded' THEN t.exclusion_reason WHEN 'rejected' THEN t.words WHEN 'failed' THEN t.words END AS words,
    coalesce(t.is_lately AND t.received_as IN ('added', 'updated', 'resent'), false)::UTINYINT
    + 2 * coalesce(t.is_lately AND t.received_as = 'resent', false)::UTINYINT
    + 4 * coalesce(t.is_lately AND t.received_as = 'removed', false)::UTINYINT
    + 8 * t.is_removal_due::UTINYINT AS flags
FROM compared AS t LEFT JOIN last_versions AS l USING (sku)
WHERE t.state <> 'gone' OR flags > 0
