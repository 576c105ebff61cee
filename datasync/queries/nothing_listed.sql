-- No row, with the columns of page_listed and the service: what the page lists where there are no services.
SELECT
    NULL::VARCHAR AS service, NULL::VARCHAR AS sku, NULL::VARCHAR AS hash, NULL::BOOLEAN AS held,
    NULL::VARCHAR AS state, NULL::TIMESTAMPTZ AS received_at, NULL::TIMESTAMPTZ AS answered_at,
    NULL::VARCHAR AS words, NULL::UTINYINT AS flags
WHERE false
