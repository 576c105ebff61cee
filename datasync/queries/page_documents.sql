-- One row per version that services list and per record in quarantine, in the order of a search: by day of last update, the newest first, then by SKU.
-- `line` is its text as a row shard holds it, `searched` what a search compares; of each service (numbered) its code, times and words.
-- Reads page_versions, page_quarantined, page_facets and page_told.
WITH known AS (
    SELECT version, sku, name, type, visible_in, stock, false AS is_record FROM page_versions
    UNION ALL
    SELECT version, coalesce(sku, ''), name, NULL, NULL, NULL, true FROM page_quarantined
)
SELECT
    k.version,
    k.sku,
    k.name,
    f.facet,
    page_line(k.name) || page_line(k.sku) || $lines AS line,
    translate(coalesce(k.name, ''), $controls, $blanks) || chr(10) || translate(k.sku, $controls, $blanks) || chr(10) AS searched,
    $columns
FROM known AS k
    LEFT JOIN page_facets AS f ON f.type IS NOT DISTINCT FROM k.type AND f.visible_in IS NOT DISTINCT FROM k.visible_in AND f.stock IS NOT DISTINCT FROM k.stock
    $joins
ORDER BY greatest($times) // 86400000 DESC NULLS LAST, k.is_record, CASE WHEN NOT k.is_record THEN k.sku END, k.version
