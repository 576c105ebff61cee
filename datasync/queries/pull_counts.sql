-- One row: records, valid, quarantined, repeated and unreadable records of the pull that is staged; valid is counted on its own.
SELECT
    (SELECT count(*) FROM staged) + (SELECT count(*) FROM passed_over) AS records,
    (SELECT count(*) FROM staged WHERE code IS NULL) - (SELECT count(*) FROM settled WHERE becomes <> 'valid') AS valid,
    (SELECT count(*) FROM invalid) AS quarantined,
    (SELECT count(*) FROM settled WHERE becomes = 'repeated') AS repeated,
    (SELECT count(*) FROM invalid WHERE code = 'unreadable') AS unreadable
