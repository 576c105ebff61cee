-- One row: how many different values of a field have commas, how many of their parts are values by themselves, and how many are in several of them;
-- whether a blank is behind every comma. Reads sample (the first records of a file, all text).
WITH given AS (
    SELECT DISTINCT trim($field) AS v FROM sample WHERE trimmed($field) IS NOT NULL
),
parts AS (
    SELECT DISTINCT v, trim(unnest(string_split(v, ','))) AS part FROM given WHERE contains(v, ',')
),
counted AS (
    SELECT part, count(*) AS times FROM parts WHERE part <> '' GROUP BY part
)
SELECT
    (SELECT count(*) FROM given WHERE contains(v, ',') AND NOT starts_with(v, '[')) AS with_comma,
    (SELECT count(*) FROM counted WHERE part IN (SELECT v FROM given)) AS alone,
    (SELECT count(*) FROM counted WHERE times > 1) AS shared,
    (SELECT NOT coalesce(bool_or(regexp_matches(v, ',[^ ]')), false) FROM given) AS in_prose
