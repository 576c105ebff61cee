-- One row: the records of the pull that is staged, by what became of them; each is counted on its own.
-- records = valid + quarantined + repeated + blank + filtered; unreadable ones, which may be or hide any product, are among the quarantined.
-- An unreadable record of a page is one product, and where its SKU is known it hides none.
SELECT
    (SELECT count(*) FROM staged) + (SELECT count(*) FROM passed_over) AS records,
    (SELECT count(*) FROM staged WHERE code IS NULL) - (SELECT count(*) FROM settled WHERE becomes <> 'valid') AS valid,
    (SELECT count(*) FROM invalid) AS quarantined,
    (SELECT count(*) FROM settled WHERE becomes = 'repeated') AS repeated,
    (SELECT count(*) FROM staged WHERE code = 'blank') + (SELECT count(*) FROM passed_over WHERE is_blank) AS blank,
    (SELECT count(*) FROM staged WHERE code = 'filtered') AS filtered,
    (SELECT count(*) FROM invalid WHERE code = 'unreadable' AND (position IS NULL OR looks_empty(sku) IS NOT false)) AS unreadable
