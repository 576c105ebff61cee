-- One row per kind of reason that records are in quarantine for: the code, the reason, and how many records. Reads quarantine_sentences.
SELECT code, reason, count(*) AS records
FROM quarantine_sentences
GROUP BY ALL
ORDER BY records DESC, code, reason
