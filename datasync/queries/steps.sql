-- One row per step of runs: when its run started, its kind (pull, catalog, transfer), scope and service, and what it wrote down, as JSON.
-- Reads files of runs. Steps of older runs have one joined name, as in en-US.pull; of those, only a transfer tells what is marked.
WITH steps AS (
    SELECT started_at, unnest(steps) AS step
    FROM read_json($files, columns = {started_at: 'TIMESTAMPTZ', steps: 'JSON[]'})
),
names AS (
    SELECT
        *,
        step ->> 'kind' AS kind,
        regexp_extract(step ->> 'step', '^(.*)[.]([^.]*)$', ['scope', 'part']) AS joined,
        json_exists(step, '$.marked') AS is_transfer
    FROM steps
)
SELECT
    started_at,
    CASE
        WHEN kind IS NOT NULL THEN kind
        WHEN joined.part IN ('pull', 'catalog') AND NOT is_transfer THEN joined.part
        ELSE 'transfer'
    END AS kind,
    CASE WHEN kind IS NOT NULL THEN step ->> 'scope' ELSE joined.scope END AS scope,
    CASE
        WHEN kind IS NOT NULL THEN step ->> 'service'
        WHEN is_transfer OR joined.part NOT IN ('pull', 'catalog') THEN joined.part
    END AS service,
    step
FROM names
