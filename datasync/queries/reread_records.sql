-- One row per duplicate that was read again: its position and its text; its line is not known, nor whether it is a JSON object.
-- Reads records (all of them, by position) and duplicates.
SELECT position, NULL::BIGINT AS line, text, NULL::BOOLEAN AS is_object
FROM records
WHERE position IN (SELECT position FROM duplicates)
