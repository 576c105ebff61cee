-- One row per value of a field that is shown: what was given, what a column makes of it, and the code where it is refused.
-- Of the different values, refused ones last and long ones first, one is taken of each part.
WITH given AS (
    SELECT text_0 AS given, any_value($column) AS made, any_value(code) AS code
    FROM ($judged)
    WHERE trimmed(text_0) IS NOT NULL
    GROUP BY text_0
),
parts AS (
    SELECT *, ntile($examples) OVER (ORDER BY code IS NOT NULL, length(given) DESC, given) AS part FROM given
)
SELECT given, made, code
FROM parts
QUALIFY row_number() OVER (PARTITION BY part ORDER BY code IS NOT NULL, length(given) DESC, given) = 1
ORDER BY part
