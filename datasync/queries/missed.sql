-- One row: the products a complete snapshot adds or updates, and those among them that a partial pull in its place would not have read.
-- Reads difference and known (the catalog before); $since is the watermark less the lookback, $moves all watermarks since the complete pull before, which started at $before.
WITH changed AS (
    SELECT
        d.updated_at < $since AS missed,
        d.updated_at <= coalesce(k.updated_at, $before) AS unmoved,
        list_min(list_filter($moves, lambda moved: moved - d.updated_at > $lookback)) - d.updated_at AS needed
    FROM difference AS d LEFT JOIN known AS k USING (sku)
    WHERE d.change IN ('added', 'updated')
)
SELECT
    count(*) AS changed,
    count(*) FILTER (missed AND unmoved) AS unmoved,
    count(*) FILTER (missed AND NOT unmoved) AS late,
    coalesce(ceil(max(epoch(needed)) FILTER (missed AND NOT unmoved)), 0)::BIGINT AS late_seconds
FROM changed
