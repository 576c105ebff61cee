-- One row per wanted record that goes to quarantine: its file or page, and its position.
-- Reads wanted_records and duplicates (the positions of the valid records that go there); a record with a code of $passed_by is counted alone.
SELECT _place, position
FROM wanted_records
WHERE code NOT IN $passed_by OR position IN (SELECT position FROM duplicates)
