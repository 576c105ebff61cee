-- One row per product and entry of a receipt log, without what was sent and then answered: the answer tells it all.
-- Reads receipts (the history). Each try of a run has an answer of its own, so what was sent twice and answered once is told once too.
SELECT *
FROM receipts
WINDOW of_product AS (PARTITION BY sku ORDER BY entry)
QUALIFY NOT coalesce(
    outcome = 'sent' AND lead(outcome) OVER of_product <> 'sent' AND lead(run) OVER of_product = run, false
)
