-- One row per record in quarantine now: what the page lists of it, its code and reason where the page tells that reason apart, and whether the last pull put it there.
-- Reads quarantine_sentences and shown_reasons (those of quarantine_reasons.sql that the page tells apart).
SELECT
    t.sku,
    t.name,
    t.code,
    t.sentence,
    CASE WHEN r.records IS NOT NULL THEN t.code || ': ' || t.reason END AS reason,
    coalesce(t.run = $run, false) AS is_of_last_pull
FROM quarantine_sentences AS t LEFT JOIN shown_reasons AS r USING (code, reason)
ORDER BY t.code, t.sku
