-- One row per catalog product that no pull has read since a repair left it in doubt, in the order of SKU.
-- Reads catalog (the fold); $through is the newest entry whose rows are in doubt.
SELECT sku FROM catalog WHERE hash IS NOT NULL AND entry <= $through ORDER BY sku
