-- One row per service and product that it holds, the newest of each service first: its row in page_versions, and when it was received.
SELECT
    page_held.service,
    page_versions.version,
    epoch_ms(page_held.received_at) AS received_ms
FROM page_held JOIN page_versions USING (sku, hash)
ORDER BY page_held.service, page_held.received_at DESC, page_versions.version
