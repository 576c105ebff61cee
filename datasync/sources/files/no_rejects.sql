-- No row, with the columns of the rows of files that were passed over.
SELECT
    NULL::VARCHAR AS _place, NULL::BIGINT AS _line, NULL::VARCHAR AS record, NULL AS sentence,
    false AS is_blank
WHERE false
