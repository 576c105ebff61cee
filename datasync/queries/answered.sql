-- One row per SKU of a batch: the service's answer, and what that makes of what the receipts said before.
-- Without an answer it is failed: it may have been applied. One that was overtaken is failed too: it is worked out anew. A SKU that another writer's entry touched since is failed too (unknown).
-- A rejection settles nothing about what is perhaps held; received_at and received_as stay those of what the service took last.
-- Reads batch_answers: the batch as due.sql has it, with the answers; $since is the entry that it was computed at.
WITH answer AS (
    SELECT
        sku,
        operation,
        hash,
        CASE WHEN entry > $since OR outcome = 'overtaken' THEN 'failed' ELSE coalesce(outcome, 'failed') END AS outcome,
        CASE
            WHEN entry > $since THEN 'unknown: another transfer recorded this product while this one delivered it'
            WHEN outcome IS NULL THEN 'No answer'
            WHEN outcome = 'overtaken' THEN coalesce(words, 'Overtaken: the service has a newer version of this product')
            ELSE words
        END AS words,
        answered_at,
        held_hash AS held_before,
        perhaps_held,
        received_at,
        received_as
    FROM batch_answers
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
