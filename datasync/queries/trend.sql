-- One row per hour of the last $hours hours before as_of, oldest first: products that the service received in it.
WITH hours AS (
    SELECT unnest(range($hours)) AS hour
),
received AS (
    SELECT $hours - ceil(epoch($as_of - received_at) / 3600)::BIGINT AS hour, count(DISTINCT sku) AS products
    FROM receipts
    WHERE outcome = 'received' AND received_at < $as_of AND received_at >= $as_of - INTERVAL 1 HOUR * $hours
    GROUP BY ALL
)
SELECT hour, coalesce(products, 0) AS products
FROM hours LEFT JOIN received USING (hour)
ORDER BY hour
