-- One row: what the values of a field are like: how many there are of a kind, the few different ones, and the first ones.
-- Reads sample (the first records of a file, all text).
WITH field_values AS (
    SELECT trim($field) AS v, row_number() OVER () AS n FROM sample WHERE trimmed($field) IS NOT NULL
),
kinds AS (
    SELECT
        v,
        regexp_matches(v, '^(https?://|www[.])') AS is_url,
        regexp_full_match(v, '[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}') AS is_hash,
        number_of(v) NOT LIKE '%(not a number)' AS is_number,
        regexp_matches(v, '\p{L}{2}') AS has_letters
    FROM field_values
),
firsts AS (
    SELECT v, min(n) AS n FROM field_values GROUP BY v
)
SELECT
    count(*) AS filled,
    count(DISTINCT v) AS different,
    avg(length(v)) AS length,
    count(*) FILTER (has_letters AND NOT is_url AND NOT is_hash AND NOT is_number) AS words,
    count(*) FILTER (is_url) AS urls,
    count(*) FILTER (is_hash) AS hashes,
    count(*) FILTER (is_number) AS numbers,
    count(*) FILTER (
        NOT is_url AND NOT is_hash AND length(v) <= 40 AND NOT regexp_matches(v, '\s')
        AND NOT regexp_matches(v, '^-?[0-9]*[.,][0-9]+$|^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}')
    ) AS codes,
    (SELECT list(v) FROM (SELECT v FROM firsts ORDER BY n LIMIT $few)) AS few,
    (SELECT list(v) FROM (SELECT v FROM firsts ORDER BY n LIMIT $examples)) AS examples
FROM kinds
