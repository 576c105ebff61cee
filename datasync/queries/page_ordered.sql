-- One row per document: first what is recent ($recent), then the rest as the base has it, each in the order of a search: by day of last update, the newest first, then by SKU.
-- `base_doc` is its number where it stands unchanged in the base.
-- Reads page_documents and unchanged_docs.
SELECT l.* EXCLUDE (day), s.base_doc, $recent AS is_recent
FROM page_documents AS l LEFT JOIN unchanged_docs AS s USING (version)
ORDER BY is_recent DESC, l.day DESC NULLS LAST, l.is_record, CASE WHEN NOT l.is_record THEN l.sku END, l.version
