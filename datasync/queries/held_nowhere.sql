-- One row per SKU of the receipts, as if nothing of it were known but that the service was once asked to hold it: its products go to another place now.
-- Reads receipts (the fold). A removed one stays removed.
SELECT * REPLACE (
    NULL::VARCHAR AS held_hash,
    false AS perhaps_held,
    NULL::TIMESTAMPTZ AS received_at,
    NULL::VARCHAR AS received_as,
    CASE WHEN held_hash IS NOT NULL OR perhaps_held THEN 'marked' ELSE outcome END AS outcome
)
FROM receipts
