-- One row per valid record, by its position, that a filtered record of the same SKU in a later file or page overtakes.
-- Reads everything (all records of the pull that is staged).
WITH places AS (
    SELECT _place, min(position) AS began FROM everything GROUP BY _place
),
filtered_skus AS (
    SELECT sku, max(began) AS began
    FROM everything JOIN places USING (_place)
    WHERE code = 'filtered' AND sku IS NOT NULL
    GROUP BY sku
)
SELECT position
FROM everything AS e JOIN places AS p USING (_place) JOIN filtered_skus AS t USING (sku)
WHERE e.code IS NULL AND p.began < t.began
