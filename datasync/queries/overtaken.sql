-- One row per valid record, by its position, that a filtered record of the same SKU in a later file or page overtakes.
-- Reads beside_filtered.
SELECT position FROM beside_filtered WHERE began < last_filtered
