-- One row: the records of a pull, by what became of them; each is counted on its own.
-- Reads wanted_records, skipped_records, duplicate_resolution and invalid_records.
-- records = valid + quarantined + repeated + blank + filtered; unreadable ones, which may be or hide any product, are among the quarantined.
-- An unreadable record of a page is one product, and where its SKU is known it hides none.
SELECT
    (SELECT count(*) FROM wanted_records) + (SELECT count(*) FROM skipped_records) AS records,
    (SELECT count(*) FROM wanted_records WHERE code IS NULL) - (SELECT count(*) FROM duplicate_resolution WHERE becomes <> 'valid') AS valid,
    (SELECT count(*) FROM invalid_records) AS quarantined,
    (SELECT count(*) FROM duplicate_resolution WHERE becomes = 'repeated') AS repeated,
    (SELECT count(*) FROM wanted_records WHERE code = 'blank') + (SELECT count(*) FROM skipped_records WHERE is_blank) AS blank,
    (SELECT count(*) FROM wanted_records WHERE code = 'filtered') AS filtered,
    (SELECT count(*) FROM invalid_records WHERE code = 'unreadable' AND (position IS NULL OR looks_empty(sku) IS NOT false)) AS unreadable
