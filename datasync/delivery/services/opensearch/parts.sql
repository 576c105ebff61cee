-- One row per request: the first and the last place of its products, so that its lines have at most $bytes, or are of one product alone.
-- Reads documents (n, lines).
WITH ends AS (
    SELECT n, strlen(lines) AS size, sum(strlen(lines)) OVER (ORDER BY n) AS until FROM documents
)
SELECT min(n) AS first, max(n) AS last FROM ends GROUP BY (until - 1) // $bytes ORDER BY first
