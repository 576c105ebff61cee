-- One row per record in quarantine now: of the last complete pull and the partial ones since, less those whose SKU a later pull settled.
-- $runs are these pulls in the order they started, because the last one that read a SKU counts.
-- A record without a SKU stays until the next complete pull; so does one whose SKU the same pull found valid in another record.
WITH numbered AS (
    SELECT *, regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run
    FROM quarantine
),
settled AS (
    SELECT sku, list_position($runs, run) AS place FROM catalog WHERE change <> 'quarantined'
),
latest AS (
    SELECT * FROM numbered
    QUALIFY sku IS NULL OR code = 'duplicate-sku' OR row_number() OVER (PARTITION BY sku, code = 'duplicate-sku' ORDER BY list_position($runs, run) DESC, position DESC) = 1
)
SELECT l.sku, l.name, l.code, l.sentence, l.place, l.run
FROM latest AS l LEFT JOIN settled AS s USING (sku)
WHERE l.code = 'duplicate-sku' OR s.place IS NULL OR s.place <= list_position($runs, l.run)
