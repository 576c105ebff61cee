-- One row per valid record of files of changes that overrides the catalog whatever its time, by its position.
-- Reads all_records and duplicate_resolution (where a record without a time was read before it).
-- Where a record that is not of the scope stands in an earlier file, a pull of that file alone would have removed the product, and its time with it.
WITH places AS (
    SELECT _place, min(position) AS began FROM all_records GROUP BY _place
),
filtered_skus AS (
    SELECT sku, min(began) AS began
    FROM all_records JOIN places USING (_place)
    WHERE code = 'filtered' AND sku IS NOT NULL
    GROUP BY sku
)
SELECT position FROM duplicate_resolution WHERE overrides
UNION
SELECT position
FROM all_records AS r JOIN places AS p USING (_place) JOIN filtered_skus AS f USING (sku)
WHERE r.code IS NULL AND r.updated_at IS NOT NULL AND p.began > f.began
