-- One row per product that a repair left perhaps held, now that the service was asked: held or not. `was_held`: its receipt had a version before.
-- Reads doubtful (those receipts), there (what the service really holds: sku, hash, version, is_ours) and catalog (the fold).
-- What is there in a version that is neither the receipt's nor the catalog's is no row: it stays perhaps held, and is delivered again or removed.
-- The version of a batch is a time in microseconds since 1970, so it tells when the product was written.
WITH compared AS (
    SELECT
        d.*,
        t.hash AS hash_there,
        least(make_timestamptz(t.version), $clock) AS written_at,
        coalesce(t.hash IN (d.held_hash, c.hash), false) AS is_held,
        coalesce(t.hash = d.held_hash AND d.received_at IS NOT NULL, false) AS is_as_before,
        t.sku IS NULL OR (NOT t.is_ours AND d.held_hash IS NULL) AS is_absent,
        d.held_hash IS NOT NULL AS was_held
    FROM doubtful AS d LEFT JOIN there AS t USING (sku) LEFT JOIN catalog AS c USING (sku)
),
judged AS (
    SELECT *, CASE WHEN is_as_before THEN received_as WHEN was_held THEN 'updated' ELSE 'added' END AS taken_as
    FROM compared
    WHERE is_held OR is_absent
)
SELECT
    sku,
    CASE WHEN is_held THEN taken_as ELSE 'resend' END AS operation,
    CASE WHEN is_held THEN hash_there ELSE hash END AS hash,
    CASE WHEN is_held THEN 'received' ELSE 'marked' END AS outcome,
    CASE WHEN is_held THEN 'Found' ELSE 'Not found' END || ' there after receipts were lost' AS words,
    $fingerprint AS settings,
    CASE WHEN is_held THEN hash_there END AS held_hash,
    false AS perhaps_held,
    CASE WHEN is_held AND NOT is_as_before THEN written_at WHEN is_held OR NOT was_held THEN received_at END AS received_at,
    CASE WHEN is_held THEN taken_as WHEN NOT was_held THEN received_as END AS received_as,
    $run AS run,
    $clock AS "at",
    was_held
FROM judged
