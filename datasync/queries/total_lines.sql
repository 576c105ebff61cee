-- One row per file whose last row looks like a total: the place of its first filled cell, the word in it, the file, and how many cells it and a usual row fill.
-- Reads rows (the fields, all text, and _place, in the files' order).
WITH numbered AS (
    SELECT _place, row_number() OVER () AS n, [$cells] AS cells FROM rows
),
counted AS (
    SELECT *, len(list_filter(cells, lambda cell: cell <> '')) AS filled FROM numbered
),
usual AS (
    SELECT _place, median(filled) AS usual, max(n) AS last, count(*) AS rows FROM counted GROUP BY _place
),
last_rows AS (
    SELECT c.*, u.usual, u.rows, list_filter(c.cells, lambda cell: cell <> '')[1] AS word
    FROM counted AS c JOIN usual AS u ON u._place IS NOT DISTINCT FROM c._place AND u.last = c.n
)
SELECT list_position(cells, word), word, coalesce(_place, ''), filled, usual
FROM last_rows
WHERE rows > 2 AND filled < usual AND rtrim(lower(word), ' :.=') IN ($words)
ORDER BY n
