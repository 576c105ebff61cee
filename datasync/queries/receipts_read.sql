-- One row per SKU of the receipts: as they are, but what was sent and not answered is failed, unless by the run $sending.
-- Reads receipts (the fold).
SELECT * REPLACE (CASE WHEN outcome = 'sent' AND run <> $sending THEN 'failed' ELSE outcome END AS outcome)
FROM receipts
