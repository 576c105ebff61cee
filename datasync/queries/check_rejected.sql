-- One row per reason for which a service rejects what its rules accept: the reason, and how many products it rejects.
-- Reads the answers of a service to what it accepts.
SELECT CASE WHEN bytes > $max_bytes THEN 'larger than max_bytes ($max_bytes)' ELSE words END AS reason, count(*) AS products
FROM ($answers)
WHERE outcome = 'rejected'
GROUP BY ALL
ORDER BY products DESC, reason
