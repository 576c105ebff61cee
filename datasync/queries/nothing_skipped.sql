-- No row, with the columns of the records that a reader passed over or did not get.
SELECT
    NULL::VARCHAR AS _place, NULL::BIGINT AS line, NULL::VARCHAR AS sku, NULL::VARCHAR AS name,
    NULL::VARCHAR AS record, NULL::VARCHAR AS sentence, NULL::BOOLEAN AS is_blank
WHERE false
