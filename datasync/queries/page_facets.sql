-- One row per facet of a scope, numbered: a combination of type, visibility and stock, or a reason of quarantine. Known facets keep their numbers; new ones follow.
-- Reads known_facets, page_versions and page_records.
WITH facets AS (
    SELECT DISTINCT type, visible_in, stock, NULL::VARCHAR AS reason FROM page_versions
    UNION
    SELECT NULL, NULL, NULL, reason FROM page_records
    UNION
    SELECT NULL, NULL, NULL, NULL
),
new_facets AS (
    SELECT * FROM facets
    EXCEPT
    SELECT type, visible_in, stock, reason FROM known_facets
)
SELECT type, visible_in, stock, reason, facet FROM known_facets
UNION ALL
SELECT *, (SELECT count(*) FROM known_facets) + row_number() OVER (ORDER BY type, visible_in, stock, reason) - 1 FROM new_facets
