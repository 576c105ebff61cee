-- One row per product of a batch: what was due, and the service's answer. Without one it is failed, with $silence for its words.
-- Reads due (the batch) and answers (sku, outcome, words, answered_at); $words are the answer's words without secrets.
SELECT
    d.*,
    coalesce(a.outcome, 'failed') AS outcome,
    CASE WHEN a.sku IS NULL THEN $silence ELSE $words END AS words,
    a.answered_at
FROM due AS d LEFT JOIN answers AS a USING (sku)
