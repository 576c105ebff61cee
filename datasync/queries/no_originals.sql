-- No row, with the columns of the records that were fetched for the quarantine: where none had to be.
SELECT NULL::BIGINT AS position, NULL::BIGINT AS line, NULL::VARCHAR AS text, NULL::BOOLEAN AS is_object
WHERE false
