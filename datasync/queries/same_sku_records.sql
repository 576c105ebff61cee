-- One row per valid record of a SKU that several valid records have: what tells which of them stays.
-- Reads wanted_records and repeated_skus.
SELECT position, sku, updated_at, hash
FROM wanted_records SEMI JOIN repeated_skus USING (sku)
WHERE code IS NULL
