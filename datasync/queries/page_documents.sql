-- One row per version that services list and per record in quarantine, in no order, as page_ordered.sql numbers them.
-- `line` is its text as a row shard holds it, `searched` what a search compares; of each service (numbered) its code, times and words; `day` is that of its last update.
-- Reads page_versions, numbered_records (numbered after them), page_facets and, in $joins, doc_service_codes.
WITH all_docs AS (
    SELECT version, sku, hash, name, type, visible_in, stock, NULL AS reason, false AS is_record FROM page_versions
    UNION ALL
    SELECT version, coalesce(sku, ''), NULL, name, NULL, NULL, NULL, reason, true FROM numbered_records
)
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
FROM all_docs AS k
    LEFT JOIN page_facets AS f ON f.type IS NOT DISTINCT FROM k.type AND f.visible_in IS NOT DISTINCT FROM k.visible_in AND f.stock IS NOT DISTINCT FROM k.stock AND f.reason IS NOT DISTINCT FROM k.reason
    $joins
