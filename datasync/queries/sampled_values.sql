-- One row per value of a field that is shown: the original, what a column makes of it, and the code where it is refused.
-- Reads judged (the sample's records, mapped and judged).
-- Of the different values, refused ones last and long ones first, the first in the file is taken of each part.
WITH numbered AS (
    SELECT *, row_number() OVER () AS n FROM judged
),
distinct_values AS (
    SELECT text_0 AS original, any_value($column) AS understood, any_value(code) AS code, min(n) AS n
    FROM numbered
    WHERE trimmed(text_0) IS NOT NULL
    GROUP BY text_0
),
parts AS (
    SELECT *, ntile($examples) OVER (ORDER BY code IS NOT NULL, length(original) DESC, original) AS part FROM distinct_values
)
SELECT original, understood, code
FROM parts
QUALIFY row_number() OVER (PARTITION BY part ORDER BY code IS NOT NULL, n) = 1
ORDER BY part
