-- One row: the records of the pull that is staged, by what became of them; each is counted on its own.
-- records = valid + quarantined + repeated + blank + filtered; unreadable ones are among the quarantined.
SELECT
    (SELECT count(*) FROM staged) + (SELECT count(*) FROM passed_over) AS records,
    (SELECT count(*) FROM staged WHERE code IS NULL) - (SELECT count(*) FROM settled WHERE becomes <> 'valid') AS valid,
    (SELECT count(*) FROM invalid) AS quarantined,
    (SELECT count(*) FROM settled WHERE becomes = 'repeated') AS repeated,
    (SELECT count(*) FROM staged WHERE code = 'blank') AS blank,
    (SELECT count(*) FROM staged WHERE code = 'filtered') AS filtered,
    (SELECT count(*) FROM invalid WHERE code = 'unreadable') AS unreadable
