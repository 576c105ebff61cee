-- One row per file (or page) of the pull that is staged of which nothing could be read: its name, and what its first record said.
WITH broken AS (
    SELECT place, count(*) AS records, arg_min(sentence, coalesce(position, 0)) AS sentence
    FROM invalid
    WHERE code = 'unreadable'
    GROUP BY place
),
every AS (
    SELECT place, count(*) AS records
    FROM (
        SELECT _place AS place FROM everything WHERE coalesce(code, '') NOT IN ('blank', 'filtered')
        UNION ALL
        SELECT _place FROM passed_over WHERE is_blank IS NOT TRUE
    ) SEMI JOIN broken USING (place)
    GROUP BY place
)
SELECT place, sentence FROM broken JOIN every USING (place, records) ORDER BY place
