-- One row per document of $docs that stands unchanged in $base: its version, and its number there.
-- Records in quarantine never do. Compared by a hash of all that is shown of it ($shown) beside the SKU: the texts themselves, ten million times, do not fit into memory.
WITH stands AS (
    SELECT sku, hash($shown) AS mark, rowid AS base_doc FROM $base WHERE hash IS NOT NULL
)
SELECT l.version, s.base_doc
FROM (SELECT version, sku, hash($shown) AS mark FROM $docs WHERE hash IS NOT NULL) AS l JOIN stands AS s USING (sku, mark)
