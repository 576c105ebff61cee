-- One row per file (or page) of a pull of which nothing could be read: its name, and what its first record said.
-- Reads all_records, skipped_records and invalid_records.
WITH broken AS (
    SELECT place, count(*) AS records, arg_min(sentence, coalesce(position, 0)) AS sentence
    FROM invalid_records
    WHERE code = 'unreadable'
    GROUP BY place
),
every AS (
    SELECT place, count(*) AS records
    FROM (
        SELECT _place AS place FROM all_records WHERE coalesce(code, '') NOT IN ('blank', 'filtered')
        UNION ALL
        SELECT _place FROM skipped_records WHERE is_blank IS NOT TRUE
    ) SEMI JOIN broken USING (place)
    GROUP BY place
)
SELECT place, sentence FROM broken JOIN every USING (place, records) ORDER BY place
