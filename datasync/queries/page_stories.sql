-- One row per file of product stories, numbered in the order of SKU: the first SKU in it, and its stories as one JSON object by SKU.
-- A product has a story if the catalog log tells more of it than that it stood there when the kept history began: its versions, the oldest first, each with what services answered to it.
-- Reads versions (every kept row of the catalog log) and page_answers (every kept row of the receipt logs, with the service's number).
WITH changed AS (
    SELECT sku FROM versions GROUP BY sku HAVING count(*) > 1 OR min(entry) > (SELECT min(entry) FROM versions)
),
answered AS (
    SELECT
        sku,
        list({
            'service': service,
            'outcome': outcome,
            'operation': operation,
            'at': epoch_ms(CASE WHEN outcome IN ('received', 'removed') THEN received_at ELSE "at" END),
            'hash': left(hash, 8),
            'words': words,
            'run': run
        } ORDER BY "at", service) AS answers
    FROM page_answers SEMI JOIN changed USING (sku)
    GROUP BY sku
),
told AS (
    SELECT
        v.sku,
        list({
            'change': v.change,
            'code': v.code,
            'at': epoch_ms(v."at"),
            'source': epoch_ms(v.updated_at),
            'run': v.run,
            'hash': left(v.hash, 8),
            'payload': CASE WHEN v.hash IS NOT NULL THEN to_json(payload(v, $scope)) END
        } ORDER BY v.entry) AS versions
    FROM versions AS v SEMI JOIN changed USING (sku)
    GROUP BY v.sku
),
stories AS (
    SELECT t.sku, to_json({'versions': t.versions, 'answers': coalesce(a.answers, [])})::VARCHAR AS story
    FROM told AS t LEFT JOIN answered AS a USING (sku)
),
sized AS (
    SELECT *, sum(strlen(story)) OVER (ORDER BY sku ROWS UNBOUNDED PRECEDING) - strlen(story) AS before FROM stories
)
SELECT
    row_number() OVER (ORDER BY min(sku)) - 1 AS number,
    min(sku) AS first,
    '{' || string_agg(to_json(sku)::VARCHAR || ':' || story, ',' ORDER BY sku) || '}' AS stories
FROM sized
GROUP BY before // $bytes
ORDER BY number
