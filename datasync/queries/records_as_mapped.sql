-- One statement: an invalid record that nobody has the text of gets what it was mapped to, as JSON.
-- Reads the wanted records, a SELECT in brackets; changes the table of the invalid records.
UPDATE $invalid_records AS i
SET record = to_json(s)::VARCHAR
FROM (
$wanted_records
) AS s
WHERE s.position = i.position AND i.record IS NULL
