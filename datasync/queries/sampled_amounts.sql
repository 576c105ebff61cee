-- One row: how many different values of a field can be read with a comma, with a point, both ways or neither as the decimal sign, which words without a
-- digit stand among them, and in how many records there is a value, a number or such a word. Reads sample (the first records of a file, all text).
WITH field_values AS (
    SELECT trim($field) AS v, count(*) AS times FROM sample WHERE trimmed($field) IS NOT NULL GROUP BY ALL
),
both_ways AS (
    SELECT v, times, readings(v) AS read FROM field_values
),
kinds AS (
    SELECT *, read.comma IS NULL AND read.point IS NULL AS is_none, NOT regexp_matches(v, '[0-9]') AS is_word FROM both_ways
)
SELECT
    count(*) AS different,
    count(*) FILTER (read.comma IS NOT NULL AND read.point IS NULL) AS comma,
    count(*) FILTER (read.comma IS NULL AND read.point IS NOT NULL) AS point,
    count(*) FILTER (read.comma::DOUBLE <> read.point::DOUBLE) AS differ,
    count(*) FILTER (is_none) AS neither,
    count(*) FILTER (NOT is_none AND NOT regexp_full_match(v, ' *-?[0-9]+([.][0-9]+)? *')) AS written,
    coalesce(list(v ORDER BY times DESC, v) FILTER (is_none AND is_word), []) AS words,
    coalesce(sum(times), 0)::BIGINT AS filled,
    coalesce(sum(times) FILTER (NOT is_none), 0)::BIGINT AS numbers,
    coalesce(sum(times) FILTER (is_none AND is_word), 0)::BIGINT AS worded
FROM kinds
