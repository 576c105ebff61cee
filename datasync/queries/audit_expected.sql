-- One row: how many products a service surely holds by its receipts, and how many it perhaps holds.
-- Reads receipts.
SELECT
    count(*) FILTER (held_hash IS NOT NULL AND NOT perhaps_held) AS held,
    count(*) FILTER (perhaps_held) AS perhaps
FROM receipts
