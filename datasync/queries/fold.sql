-- One row per SKU: its row in the newest entry that has one. `base` is a checkpoint or the first entry, `later` the entries after it.
-- Two rows of one SKU in one entry both stay, so that a damaged entry shows in the balance.
WITH newest AS (
    SELECT * FROM later QUALIFY entry = max(entry) OVER (PARTITION BY sku)
)
SELECT * FROM base ANTI JOIN newest USING (sku)
UNION ALL
SELECT * FROM newest
