-- One row per value of a field that is shown: the original, what a column makes of it, and the code where it is refused.
-- Reads judged (the sample's records, mapped and judged).
-- The first negative number and the first with its thousands parted are shown. For the rest, of the different values, refused ones last and long ones first,
-- the first in the file is taken of each part.
WITH numbered AS (
    SELECT *, row_number() OVER () AS n FROM judged
),
distinct_values AS (
    SELECT
        text_0 AS original,
        any_value($column) AS understood,
        any_value(code) AS code,
        min(n) AS n,
        CASE
            WHEN regexp_matches(text_0, '^[\s\p{Zs}]*(?:-|\x{2212}|\()[\s\p{Zs}]?[0-9]') THEN 'negative'
            WHEN regexp_matches(text_0, '^[^0-9]*[0-9]{1,3}(?:[.,''\s\p{Zs}][0-9]{3})+(?:[^0-9]|$)') THEN 'grouped'
        END AS look
    FROM numbered
    WHERE trimmed(text_0) IS NOT NULL
    GROUP BY text_0
),
parts AS (
    SELECT *, ntile($examples) OVER (ORDER BY code IS NOT NULL, length(original) DESC, original) AS part FROM distinct_values
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY part ORDER BY code IS NOT NULL, n) AS in_part,
        look IS NOT NULL AND row_number() OVER (PARTITION BY look ORDER BY code IS NOT NULL, n) = 1 AS is_telling
    FROM parts
),
chosen AS (
    SELECT * FROM ranked WHERE is_telling OR in_part = 1 ORDER BY NOT is_telling, part LIMIT $examples
)
SELECT original, understood, code
FROM chosen
ORDER BY part, n
