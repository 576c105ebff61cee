-- One row per file whose last row has fewer cells than a usual one: its cells, the file, how many cells a usual row
-- fills, and how many rows of the file begin with such a cell, whatever number is in it.
-- Reads rows (the fields, all text, and _place, in the files' order).
WITH numbered AS (
    SELECT _place, row_number() OVER () AS n, [$cells] AS cells FROM rows
),
counted AS (
    SELECT *, list_filter(cells, lambda cell: cell <> '') AS filled FROM numbered
),
shaped AS (
    SELECT _place, n, cells, filled, regexp_replace(filled[1], '[0-9][0-9., '']*', '0', 'g') AS shape FROM counted
),
usual AS (
    SELECT _place, median(len(filled)) AS usual, max(n) AS last, count(*) AS rows FROM shaped GROUP BY _place
),
last_rows AS (
    SELECT s.*, u.usual
    FROM shaped AS s JOIN usual AS u ON u._place IS NOT DISTINCT FROM s._place AND u.last = s.n
    WHERE u.rows > 2 AND len(s.filled) < u.usual
),
alike AS (
    SELECT l.n, count(*) AS alike
    FROM last_rows AS l JOIN shaped AS s ON s._place IS NOT DISTINCT FROM l._place AND s.shape = l.shape
    GROUP BY l.n
)
SELECT cells, coalesce(_place, ''), usual, alike
FROM last_rows JOIN alike USING (n)
ORDER BY n
