-- One row per step of time in the last $steps of them before as_of (each of $seconds, an hour or a day), oldest first: products that the service received in it.
WITH steps AS (
    SELECT unnest(range($steps)) AS step
),
received AS (
    SELECT $steps - ceil(epoch($as_of - received_at) / $seconds)::BIGINT AS step, count(DISTINCT sku) AS products
    FROM receipts
    WHERE outcome = 'received' AND received_at < $as_of AND received_at >= $as_of - INTERVAL 1 SECOND * ($steps * $seconds)
    GROUP BY ALL
)
SELECT step, coalesce(products, 0) AS products
FROM steps LEFT JOIN received USING (step)
ORDER BY step
