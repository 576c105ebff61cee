-- One row per SKU of a batch: the row itself, with the feed's answer. It rejects payloads above $max_bytes, and products that lack required columns.
-- Reads batch. $lacking are the names of the required columns that a product lacks, NULL for each that it has.
SELECT
    * EXCLUDE (lacking),
    CASE
        WHEN operation = 'removed' THEN 'removed'
        WHEN bytes > $max_bytes OR len(lacking) > 0 THEN 'rejected'
        ELSE 'received'
    END AS outcome,
    CASE
        WHEN operation = 'removed' THEN NULL
        WHEN bytes > $max_bytes THEN format('The payload has {:,} bytes; at most {:,} are taken', bytes, $max_bytes)
        WHEN len(lacking) > 0 THEN 'Required and missing: ' || array_to_string(lacking, ', ')
    END AS words,
    NULL::TIMESTAMPTZ AS answered_at
FROM (SELECT *, list_filter([$lacking], lambda name: name IS NOT NULL) AS lacking FROM batch)
