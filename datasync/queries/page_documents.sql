-- One row per version that services list and per record in quarantine: first what is recent ($recent), then the rest as $base has it, each in the order of a search: by day of last update, the newest first, then by SKU.
-- `line` is its text as a row shard holds it, `searched` what a search compares; of each service (numbered) its code, times and words; `base_doc` is its number where it stands unchanged in page_base.
-- Reads page_versions, page_quarantined, page_facets, page_told and page_base.
WITH known AS (
    SELECT version, sku, hash, name, type, visible_in, stock, false AS is_record FROM page_versions
    UNION ALL
    SELECT version, coalesce(sku, ''), NULL, name, NULL, NULL, NULL, true FROM page_quarantined
),
laid AS (
    SELECT
        k.version,
        k.sku,
        k.hash,
        k.name,
        k.is_record,
        f.facet,
        page_line(k.name) || page_line(k.sku) || $lines AS line,
        page_searched(coalesce(k.name, '')) || chr(10) || page_searched(k.sku) || chr(10) AS searched,
        $columns,
        greatest($times) // 86400000 AS day
    FROM known AS k
        LEFT JOIN page_facets AS f ON f.type IS NOT DISTINCT FROM k.type AND f.visible_in IS NOT DISTINCT FROM k.visible_in AND f.stock IS NOT DISTINCT FROM k.stock
        $joins
)
SELECT l.* EXCLUDE (day), b.base_doc, $recent AS is_recent
FROM laid AS l LEFT JOIN (SELECT rowid AS base_doc, * FROM page_base) AS b
    ON b.sku = l.sku AND b.hash = l.hash AND b.line = l.line AND b.facet = l.facet $same
ORDER BY is_recent DESC, l.day DESC NULLS LAST, l.is_record, CASE WHEN NOT l.is_record THEN l.sku END, l.version
