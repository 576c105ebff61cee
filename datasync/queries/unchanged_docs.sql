-- One row per document that stands unchanged in the base: its version, and its number there.
-- Reads page_documents and base_docs (numbered by `base_doc`).
-- Records in quarantine never do. Compared by a hash of all that is shown of it ($shown) beside the SKU: the texts themselves, ten million times, do not fit into memory.
WITH stands AS (
    SELECT sku, hash($shown) AS mark, base_doc FROM base_docs WHERE hash IS NOT NULL
)
SELECT l.version, s.base_doc
FROM (SELECT version, sku, hash($shown) AS mark FROM page_documents WHERE hash IS NOT NULL) AS l JOIN stands AS s USING (sku, mark)
