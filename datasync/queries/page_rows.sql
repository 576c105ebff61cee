-- One row per service and product that it lists: its row in page_versions, and what the service says of it; `flags` adds 16 where it is held.
-- Reads page_listed (of all services) and page_versions.
SELECT
    l.service,
    v.version,
    l.state,
    l.words,
    epoch_ms(l.received_at) AS received_ms,
    epoch_ms(l.answered_at) AS answered_ms,
    l.flags + 16 * l.held::UTINYINT AS flags
FROM page_listed AS l JOIN page_versions AS v USING (sku, hash)
