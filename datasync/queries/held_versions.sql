-- One row per older version of a product that a service held at some kept moment: its newest row from before the kept history.
-- Reads versions (the catalog's history so far), held (sku and hash, from receipts) and base (the checkpoint that the history begins with).
SELECT v.*
FROM versions AS v SEMI JOIN held USING (sku, hash) ANTI JOIN base USING (sku, hash)
WHERE v.entry <= $number
QUALIFY row_number() OVER (PARTITION BY v.sku, v.hash ORDER BY v.entry DESC) = 1
