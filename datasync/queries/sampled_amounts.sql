-- One row: how many different values of a field can be read with a comma, with a point, both ways or neither as the decimal sign.
-- Reads sample (the first records of a file, all text).
WITH given AS (
    SELECT DISTINCT $field AS v FROM sample WHERE trimmed($field) IS NOT NULL
),
both_ways AS (
    SELECT v, readings(v) AS read FROM given
)
SELECT
    count(*) AS different,
    count(*) FILTER (read.comma IS NOT NULL AND read.point IS NULL) AS comma,
    count(*) FILTER (read.comma IS NULL AND read.point IS NOT NULL) AS point,
    count(*) FILTER (read.comma::DOUBLE <> read.point::DOUBLE) AS differ,
    count(*) FILTER (read.comma IS NULL AND read.point IS NULL) AS neither,
    count(*) FILTER (NOT regexp_full_match(v, ' *-?[0-9]+([.][0-9]+)? *')) AS written
FROM both_ways
