-- One row per reason for which a service rejects what its rules accept: the reason, and how many products it rejects.
-- Reads rejections: those that a service foretells of what it accepts.
SELECT reason, count(*) AS products
FROM rejections
GROUP BY ALL
ORDER BY products DESC, reason
