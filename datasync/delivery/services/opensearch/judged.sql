-- One row per product of a request: what the server says of it, as an outcome; `retry` where the same product may be sent again at once.
-- `is_ours` is false where an answer is of another product than was sent in its place, or where there is none.
-- Reads sent (n, sku, operation) and $response, the JSON of the server's answer.
WITH items AS (
    SELECT unnest(from_json(
        $response::VARCHAR,
        '{"items": [{"index": {"_id": "VARCHAR", "status": "INTEGER", "result": "VARCHAR", "error": {"type": "VARCHAR", "reason": "VARCHAR", "caused_by": {"reason": "VARCHAR"}}}}]}'
    ).items) AS item, unnest(range(json_array_length($response::VARCHAR, '$.items')::BIGINT)) AS place
),
said AS (
    SELECT
        s.n,
        s.sku,
        s.operation,
        coalesce(i.item."index"._id = s.sku, false) AS is_ours,
        i.item."index".status AS status,
        i.item."index".result AS result,
        i.item."index".error.type IN ('index_closed_exception', 'cluster_block_exception') AS is_shut,
        concat_ws(': ', i.item."index".error.type, i.item."index".error.reason, i.item."index".error.caused_by.reason) AS reason
    FROM (SELECT *, row_number() OVER (ORDER BY n) - 1 AS place FROM sent) AS s FULL JOIN items AS i USING (place)
)
SELECT
    n,
    sku,
    operation,
    is_ours,
    CASE
        WHEN status IN (200, 201) AND result IN ('created', 'updated') THEN CASE operation WHEN 'removed' THEN 'removed' ELSE 'received' END
        WHEN status = 409 THEN 'overtaken'
        WHEN is_shut THEN 'failed'
        WHEN status IN (400, 413, 422) THEN 'rejected'
        WHEN status IN (408, 425, 429) OR status >= 500 THEN 'retry'
        ELSE 'failed'
    END AS outcome,
    CASE
        WHEN status = 409 THEN NULL
        WHEN status >= 300 THEN 'OpenSearch says ' || status || ', ' || reason
        WHEN result NOT IN ('created', 'updated') THEN 'OpenSearch says ' || result || ' and took nothing. Does an ingest pipeline drop documents?'
    END AS words
FROM said
