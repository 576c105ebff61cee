-- One row per valid record of files of changes that overrides the catalog whatever its time, by its position.
-- Reads beside_filtered and duplicate_resolution (where a record without a time was read before it).
-- Where a record that is not of the scope stands in an earlier file, a pull of that file alone would have removed the product, and its time with it.
SELECT position FROM duplicate_resolution WHERE overrides
UNION
SELECT position FROM beside_filtered WHERE updated_at IS NOT NULL AND began > first_filtered
