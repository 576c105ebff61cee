-- One row per SKU that was asked for and of which the pull has no product, with whether a record of it was left out.
-- Reads asked_skus, quarantine and records, the files of one pull, and products, its products.
SELECT sku, sku IN (SELECT sku FROM records WHERE code = 'filtered') AS is_left_out
FROM asked_skus ANTI JOIN (SELECT sku FROM products UNION ALL SELECT sku FROM quarantine) USING (sku)
ORDER BY sku
