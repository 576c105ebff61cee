-- One row: what one service's rules and receipts say of one product, and its state there.
-- Reads rules, receipts and known (the versions that the catalog log knows).
-- The state is NULL where the product is not in the catalog; `exclusion_reason` has the words of the rule that turns it away.
WITH rule AS (
    SELECT hash AS wanted_hash, exclusion_reason FROM rules WHERE sku = $sku
),
receipt AS (
    SELECT * FROM receipts WHERE sku = $sku
),
held_version AS (
    SELECT true AS is_known FROM known WHERE sku = $sku AND hash = (SELECT held_hash FROM receipt) LIMIT 1
)
SELECT
    CASE WHEN wanted_hash IS NOT NULL THEN state_of(wanted_hash, exclusion_reason, receipt, is_known, $fingerprint) END AS state,
    exclusion_reason,
    operation AS last_operation,
    outcome AS last_outcome,
    words AS last_words,
    "at" AS last_at,
    run AS last_run,
    held_hash AS held_version,
    coalesce(perhaps_held, false) AS perhaps_held,
    received_at,
    received_as
FROM (SELECT 1) LEFT JOIN rule ON true LEFT JOIN receipt ON true LEFT JOIN held_version ON true
LIMIT 1
