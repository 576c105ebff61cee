-- One row a field that has values: how many there are of a kind, the few different ones, and the first ones.
-- One statement for all fields, because to plan it takes a hundred times as long as to read a sample.
-- Reads sample (the first records of a file, all text); a field is the place of its column in the list, from 1.
WITH cells AS (
    SELECT unnest([$fields]) AS cell, generate_subscripts([$fields], 1) AS field, row_number() OVER () AS n FROM sample
),
field_values AS (
    SELECT field, trim(cell) AS v, n FROM cells WHERE trimmed(cell) IS NOT NULL
),
kinds AS (
    SELECT
        field,
        v,
        regexp_matches(v, '^(https?://|www[.])') AS is_url,
        regexp_full_match(v, '[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}') AS is_hash,
        number_of(v) NOT LIKE '%(not a number)' AS is_number,
        regexp_matches(v, '\p{L}{2}') AS has_letters
    FROM field_values
),
firsts AS (
    SELECT field, v, row_number() OVER (PARTITION BY field ORDER BY min(n)) AS place FROM field_values GROUP BY field, v
),
lists AS (
    SELECT
        field,
        list(v ORDER BY place) FILTER (place <= $few) AS few,
        list(v ORDER BY place) FILTER (place <= $examples) AS examples
    FROM firsts
    GROUP BY field
),
counts AS (
    SELECT
        field,
        count(*) AS filled,
        count(DISTINCT v) AS different,
        avg(length(v)) AS length,
        count(*) FILTER (has_letters AND NOT is_url AND NOT is_hash AND NOT is_number) AS words,
        count(*) FILTER (regexp_matches(v, '[\r\n]')) AS broken,
        count(*) FILTER (is_url) AS urls,
        count(*) FILTER (is_hash) AS hashes,
        count(*) FILTER (is_number) AS numbers,
        count(*) FILTER (
            NOT is_url AND NOT is_hash AND length(v) <= 40 AND NOT regexp_matches(v, '\s')
            AND NOT regexp_matches(v, '^-?[0-9]*[.,][0-9]+$|^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}')
        ) AS codes
    FROM kinds
    GROUP BY field
)
SELECT * FROM counts JOIN lists USING (field)
