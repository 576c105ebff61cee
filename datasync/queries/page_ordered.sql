-- One row per document of $docs: first what is recent ($recent), then the rest as $base has it, each in the order of a search: by day of last update, the newest first, then by SKU.
-- `base_doc` is its number where it stands unchanged in the base.
-- Reads $docs and $unchanged (unchanged_docs.sql).
SELECT l.* EXCLUDE (day), s.base_doc, $recent AS is_recent
FROM $docs AS l LEFT JOIN $unchanged AS s USING (version)
ORDER BY is_recent DESC, l.day DESC NULLS LAST, l.is_record, CASE WHEN NOT l.is_record THEN l.sku END, l.version
