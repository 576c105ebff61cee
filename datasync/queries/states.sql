-- One row: how many catalog products are in each state, each counted by what its own receipts and rules must look like, never as a rest.
-- A receipt that fits no state (damaged, or counted twice) leaves a gap, which the page shows as unexplained.
WITH ruled AS MATERIALIZED (
    SELECT sku, hash, otherwise FROM rules
),
receipt AS MATERIALIZED (
    SELECT sku, hash, outcome, settings, held_hash, perhaps_held, received_at FROM receipts
),
accepted AS (
    SELECT sku, hash FROM ruled WHERE otherwise IS NULL
),
answered AS (
    SELECT
        r.*,
        a.hash AS wanted_hash,
        r.outcome = 'rejected' AND r.hash = a.hash AND r.settings = $settings AS is_rejected,
        r.outcome = 'failed' AND r.hash = a.hash AS is_failed
    FROM accepted AS a JOIN receipt AS r USING (sku)
),
plain AS (
    SELECT * FROM answered
    WHERE NOT coalesce(is_rejected, false) AND NOT coalesce(is_failed, false)
),
held_older_versions AS (
    SELECT p.sku, p.held_hash
    FROM plain AS p
    WHERE p.held_hash <> p.wanted_hash
),
known_versions AS (
    SELECT DISTINCT h.sku, h.held_hash
    FROM held_older_versions AS h JOIN versions AS v ON v.sku = h.sku AND v.hash = h.held_hash
)
SELECT
    (SELECT count(*) FROM ruled WHERE otherwise IS NOT NULL) AS excluded,
    (SELECT count(*) FROM answered WHERE is_rejected) AS rejected,
    (SELECT count(*) FROM answered WHERE is_failed) AS failed,
    (
        SELECT count(*) FROM plain
        WHERE held_hash = wanted_hash AND NOT perhaps_held AND outcome IN ('received', 'rejected') AND received_at IS NOT NULL
    ) AS current,
    (
        SELECT count(*) FROM plain
        WHERE held_hash = wanted_hash AND (perhaps_held OR outcome = 'marked') AND outcome IN ('rejected', 'failed', 'marked')
    ) + (
        SELECT count(*) FROM plain JOIN known_versions USING (sku, held_hash)
        WHERE outcome IN ('received', 'rejected', 'failed', 'marked')
    ) AS stale,
    (SELECT count(*) FROM accepted ANTI JOIN receipt USING (sku)) + (
        SELECT count(*) FROM plain WHERE held_hash IS NULL AND outcome IN ('removed', 'rejected', 'failed', 'marked')
    ) AS missing,
    (SELECT count(held_hash) FROM answered WHERE is_rejected OR is_failed) AS held_older,
    (SELECT count(held_hash) FROM receipt ANTI JOIN accepted USING (sku)) AS orphaned,
    (SELECT count(held_hash) FROM receipt) AS total_received
