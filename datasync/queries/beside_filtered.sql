-- One row per valid record of a SKU that has a filtered record too: its position and time, the first position of its file or page, and those of the first and the last file or page with a filtered one.
-- Reads all_records.
WITH places AS (
    SELECT _place, min(position) AS began FROM all_records GROUP BY _place
),
filtered_skus AS (
    SELECT sku, min(began) AS first_filtered, max(began) AS last_filtered
    FROM all_records JOIN places USING (_place)
    WHERE code = 'filtered' AND sku IS NOT NULL
    GROUP BY sku
)
SELECT position, updated_at, began, first_filtered, last_filtered
FROM all_records JOIN places USING (_place) JOIN filtered_skus USING (sku)
WHERE code IS NULL
