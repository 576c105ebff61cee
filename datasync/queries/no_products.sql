-- One row per wanted record that is no product: its position.
-- Reads wanted_records and duplicate_resolution (what becomes of the valid records that share a SKU).
SELECT position FROM wanted_records WHERE code IS NOT NULL
UNION ALL
SELECT position FROM duplicate_resolution WHERE becomes <> 'valid'
