-- One row per valid record, by its position, that a filtered record of the same SKU in a later file or page overtakes.
-- Reads all_records.
WITH places AS (
    SELECT _place, min(position) AS began FROM all_records GROUP BY _place
),
filtered_skus AS (
    SELECT sku, max(began) AS began
    FROM all_records JOIN places USING (_place)
    WHERE code = 'filtered' AND sku IS NOT NULL
    GROUP BY sku
)
SELECT position
FROM all_records AS e JOIN places AS p USING (_place) JOIN filtered_skus AS f USING (sku)
WHERE e.code IS NULL AND p.began < f.began
