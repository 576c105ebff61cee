-- One row: what one service's rules and receipts say of one product, and its state there by the rules of states.sql.
-- The state is NULL where the product is not in the catalog; `otherwise` has the words of the rule that turns it away.
WITH rule AS (
    SELECT hash AS wanted_hash, otherwise FROM rules WHERE sku = $sku
),
receipt AS (
    SELECT * FROM receipts WHERE sku = $sku
)
SELECT
    CASE
        WHEN wanted_hash IS NULL THEN NULL
        WHEN otherwise IS NOT NULL THEN 'excluded'
        WHEN outcome = 'rejected' AND hash = wanted_hash AND settings = $settings THEN 'rejected'
        WHEN outcome = 'failed' AND hash = wanted_hash THEN 'failed'
        WHEN held_hash = wanted_hash AND NOT perhaps_held AND outcome <> 'marked' THEN 'current'
        WHEN held_hash IS NOT NULL THEN 'stale'
        ELSE 'missing'
    END AS state,
    otherwise,
    operation AS last_operation,
    outcome AS last_outcome,
    words AS last_words,
    "at" AS last_at,
    run AS last_run,
    held_hash AS held_version,
    coalesce(perhaps_held, false) AS perhaps_held,
    received_at,
    received_as
FROM (SELECT 1) LEFT JOIN rule ON true LEFT JOIN receipt ON true
LIMIT 1
