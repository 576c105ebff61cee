-- One row per product whose receipt is another one, now that a rebuilt place is served in the place of the former.
-- Reads receipts (the fold, of the former place) and built (the fold of the rebuild's log). What was sent since the entry $after, or is perhaps held, may have reached either place: it is perhaps held.
-- A product that both hold in one version keeps its receipt; one that the former held alone is not held any more.
WITH compared AS (
    SELECT
        sku,
        r,
        b,
        coalesce(r.entry > $after OR r.outcome = 'sent' OR r.perhaps_held, false) AS is_in_doubt,
        r.held_hash IS NOT DISTINCT FROM b.held_hash AS is_held_alike
    FROM receipts AS r FULL JOIN built AS b USING (sku)
)
SELECT
    sku,
    CASE WHEN is_in_doubt OR b.outcome IS NULL THEN 'resend' ELSE b.operation END AS operation,
    CASE WHEN b.outcome IS NULL THEN r.hash ELSE b.hash END AS hash,
    CASE WHEN is_in_doubt OR b.outcome IS NULL THEN 'marked' WHEN b.outcome = 'sent' THEN 'failed' ELSE b.outcome END AS outcome,
    CASE
        WHEN is_in_doubt THEN 'Sent while a rebuilt place took the place of the former'
        WHEN b.outcome IS NULL THEN 'The rebuilt place does not have it'
        ELSE b.words
    END AS words,
    coalesce(b.settings, r.settings) AS settings,
    b.held_hash AS held_hash,
    is_in_doubt OR coalesce(b.perhaps_held, false) AS perhaps_held,
    CASE WHEN is_held_alike AND b.held_hash IS NOT NULL THEN coalesce(r.received_at, b.received_at) ELSE b.received_at END AS received_at,
    CASE
        WHEN is_held_alike AND b.held_hash IS NOT NULL THEN coalesce(r.received_as, b.received_as)
        WHEN r.held_hash IS NOT NULL AND b.held_hash IS NOT NULL THEN 'updated'
        ELSE b.received_as
    END AS received_as,
    $run AS run,
    $clock AS "at"
FROM compared
WHERE
    is_in_doubt
    OR (b.outcome IS NULL AND r.held_hash IS NOT NULL)
    OR (
        b.outcome IS NOT NULL
        AND NOT coalesce(
            is_held_alike AND NOT b.perhaps_held AND r.outcome = b.outcome
            AND (b.outcome = 'removed' OR r.hash = b.hash) AND (b.outcome IN ('received', 'removed') OR r.settings = b.settings),
            false
        )
    )
