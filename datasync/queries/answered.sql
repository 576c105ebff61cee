-- One row per SKU of a batch: the service's answer, and what that makes of what the receipts said before.
-- Without an answer it is failed: it may have been applied. A SKU that another writer's entry touched since is failed too (unknown).
-- A rejection settles nothing about what is perhaps held; received_at and received_as stay those of what the service took last.
WITH answer AS (
    SELECT
        d.sku,
        d.operation,
        d.hash,
        CASE WHEN r.entry > $since THEN 'failed' ELSE coalesce(a.outcome, 'failed') END AS outcome,
        CASE
            WHEN r.entry > $since THEN 'unknown: another transfer recorded this product while this one delivered it'
            WHEN a.outcome IS NULL THEN 'No answer'
            ELSE a.words
        END AS words,
        a.answered_at,
        r.held_hash AS held_before,
        coalesce(r.perhaps_held, false) AS perhaps_held,
        r.received_at,
        r.received_as
    FROM delivered AS d LEFT JOIN answers AS a USING (sku) LEFT JOIN receipts AS r USING (sku)
)
SELECT
    sku,
    operation,
    hash,
    outcome,
    words,
    outcome IN ('received', 'removed') AS is_taken,
    answered_at,
    held_before,
    CASE outcome WHEN 'received' THEN hash WHEN 'removed' THEN NULL ELSE held_before END AS held_hash,
    CASE outcome WHEN 'failed' THEN true WHEN 'rejected' THEN perhaps_held ELSE false END AS perhaps_held,
    received_at,
    received_as
FROM answer
