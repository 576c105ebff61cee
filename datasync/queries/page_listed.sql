-- One row per product that one service of a scope ought to hold, holds or held: its state there by the rules of states.sql, the version shown of it, and why.
-- Outside the catalog the state is orphaned (held), removed, or gone (it may have arrived before it left the catalog); `unexplained` is a catalog product in no state.
-- `flags` adds 1 received, 2 resent and 4 removed in the window, and 8 where a removal is due. Reads rules, receipts and versions.
WITH known AS (
    SELECT DISTINCT sku, hash FROM versions WHERE hash IS NOT NULL
),
last_known AS (
    SELECT sku, arg_max(hash, entry) AS hash FROM versions WHERE hash IS NOT NULL GROUP BY sku
),
facing AS (
    SELECT
        sku,
        a.hash AS wanted,
        a.otherwise,
        r.* EXCLUDE (sku),
        r.sku IS NOT NULL AS has_receipt,
        r.received_at >= $since AS is_lately,
        coalesce(r.outcome = 'rejected' AND r.hash = a.hash AND r.settings = $settings, false) AS refused,
        coalesce(r.outcome = 'rejected' AND r.operation = 'removed' AND r.settings = $settings, false) AS removal_refused,
        coalesce(r.outcome = 'failed' AND r.hash = a.hash, false) AS unanswered,
        r.held_hash = a.hash OR k.hash IS NOT NULL AS is_known
    FROM rules AS a FULL JOIN receipts AS r USING (sku) LEFT JOIN known AS k ON k.sku = r.sku AND k.hash = r.held_hash
),
told AS (
    SELECT
        *,
        CASE
            WHEN wanted IS NULL AND held_hash IS NOT NULL THEN 'orphaned'
            WHEN wanted IS NULL AND received_as = 'removed' THEN 'removed'
            WHEN wanted IS NULL THEN 'gone'
            WHEN otherwise IS NOT NULL THEN 'excluded'
            WHEN refused THEN 'rejected'
            WHEN unanswered THEN 'failed'
            WHEN held_hash = wanted AND NOT perhaps_held AND outcome IN ('received', 'rejected') AND received_at IS NOT NULL
                THEN 'current'
            WHEN held_hash = wanted AND (perhaps_held OR outcome = 'marked') AND outcome IN ('rejected', 'failed', 'marked')
                THEN 'stale'
            WHEN held_hash <> wanted AND is_known AND outcome IN ('received', 'rejected', 'failed', 'marked') THEN 'stale'
            WHEN NOT has_receipt OR held_hash IS NULL AND outcome IN ('removed', 'rejected', 'failed', 'marked') THEN 'missing'
            ELSE 'unexplained'
        END AS state
    FROM facing
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
    END AS told_at,
    CASE t.state WHEN 'excluded' THEN t.otherwise WHEN 'rejected' THEN t.words WHEN 'failed' THEN t.words END AS words,
    coalesce(t.is_lately AND t.received_as IN ('added', 'updated', 'resent'), false)::UTINYINT
    + 2 * coalesce(t.is_lately AND t.received_as = 'resent', false)::UTINYINT
    + 4 * coalesce(t.is_lately AND t.received_as = 'removed', false)::UTINYINT
    + 8 * (
        (t.wanted IS NULL OR t.otherwise IS NOT NULL)
        AND (t.held_hash IS NOT NULL OR coalesce(t.perhaps_held, false)) AND NOT t.removal_refused
    )::UTINYINT AS flags
FROM told AS t LEFT JOIN last_known AS l USING (sku)
WHERE t.state <> 'gone' OR flags > 0
