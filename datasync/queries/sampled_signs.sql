-- One row: how many different values of a field have bars, semicolons or commas, or a comma without a blank behind it, and of the parts between commas
-- how many are values by themselves, and how many are in several of them. Reads sample (the first records of a file, all text).
WITH field_values AS (
    SELECT DISTINCT trim($field) AS v FROM sample WHERE trimmed($field) IS NOT NULL AND NOT starts_with($field, '[')
),
parts AS (
    SELECT DISTINCT v, trim(unnest(string_split(v, ','))) AS part FROM field_values WHERE contains(v, ',')
),
counted AS (
    SELECT part, count(*) AS times FROM parts WHERE part <> '' GROUP BY part
)
SELECT
    count(*) FILTER (contains(v, '|')) AS bars,
    count(*) FILTER (contains(v, ';')) AS semicolons,
    count(*) FILTER (contains(v, ',')) AS commas,
    count(*) FILTER (regexp_matches(v, ',[^ ]')) AS without_blank,
    (SELECT count(*) FROM counted WHERE part IN (SELECT v FROM field_values)) AS alone,
    (SELECT count(*) FROM counted WHERE times > 1) AS shared
FROM field_values
