-- One row per moment at which products were sent to a service: how many.
-- Reads receipts (the newest entries of its logs in all scopes).
SELECT "at", count(*) AS products
FROM receipts
WHERE outcome = 'sent'
GROUP BY "at"
ORDER BY "at"
