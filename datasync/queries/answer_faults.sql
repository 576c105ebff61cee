-- One row per answer of a service that cannot be true, with the first words of what is wrong: at most three, in the order of SKU.
-- Reads answers (sku, outcome) and due (the batch: sku, operation).
WITH answered AS (
    SELECT a.sku, a.outcome, d.operation, d.sku IS NOT NULL AS is_in_batch, count(*) OVER (PARTITION BY a.sku) AS times
    FROM answers AS a LEFT JOIN due AS d USING (sku)
),
judged AS (
    SELECT
        sku,
        CASE
            WHEN sku IS NULL THEN 'an answer names no SKU'
            WHEN NOT is_in_batch THEN 'nobody asked about ' || sku
            WHEN times > 1 THEN sku || ' is answered ' || times || ' times'
            WHEN outcome IS NULL OR outcome NOT IN ('received', 'removed', 'rejected', 'failed', 'overtaken')
                THEN 'the outcome of ' || sku || ' is ' || coalesce('''' || outcome || '''', 'NULL') || ', and known are received, removed, rejected, failed and overtaken'
            WHEN outcome = 'received' AND operation = 'removed' THEN sku || ' was to be removed, and the answer is received'
            WHEN outcome = 'removed' AND operation <> 'removed' THEN sku || ' was to be delivered, and the answer is removed'
        END AS fault
    FROM answered
)
SELECT DISTINCT fault FROM judged WHERE fault IS NOT NULL ORDER BY fault LIMIT 3
