-- No row, with the columns of files of quarantine and the name of the file: what is in quarantine where no pull put anything there.
SELECT
    NULL::BIGINT AS position, NULL::VARCHAR AS place, NULL::VARCHAR AS sku, NULL::VARCHAR AS name,
    NULL::VARCHAR AS code, NULL::VARCHAR AS sentence, NULL::VARCHAR AS record, NULL::VARCHAR AS filename
WHERE false
