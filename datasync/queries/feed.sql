-- One row per product that the service holds: the version it holds, as it received it, when and as what.
-- Reads receipts (the fold), catalog (the fold) and versions (every kept row of the catalog log, for versions that were replaced since).
WITH held AS (
    SELECT sku, held_hash, received_at, received_as, perhaps_held FROM receipts WHERE held_hash IS NOT NULL
),
newest AS (
    SELECT h.received_at, h.received_as, h.perhaps_held, c.*
    FROM held AS h JOIN catalog AS c ON c.sku = h.sku AND c.hash = h.held_hash
),
older AS (
    SELECT h.received_at, h.received_as, h.perhaps_held, v.*
    FROM (SELECT * FROM held ANTI JOIN newest USING (sku)) AS h JOIN versions AS v ON v.sku = h.sku AND v.hash = h.held_hash
    QUALIFY row_number() OVER (PARTITION BY v.sku ORDER BY v.entry DESC) = 1
)
SELECT * FROM newest
UNION ALL BY NAME
SELECT * FROM older
