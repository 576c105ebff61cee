-- One row per kind of reason that records are in quarantine for: the code, the reason, and how many records. Reads told (quarantine_told.sql).
SELECT code, reason, count(*) AS records
FROM told
GROUP BY ALL
ORDER BY records DESC, code, reason
