-- One row per record in quarantine now: of the last complete pull and the partial ones since, less those whose SKU a later row of the catalog settled.
-- $runs are these pulls in the order they started, for the last that read a SKU speaks.
-- A record without a SKU stays until the next complete pull; a duplicate's SKU is valid, and its record stays as long.
WITH numbered AS (
    SELECT *, regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run
    FROM quarantine
),
settled AS (
    SELECT sku FROM catalog WHERE change <> 'quarantined'
),
latest AS (
    SELECT * FROM numbered
    QUALIFY sku IS NULL OR code = 'duplicate-sku' OR row_number() OVER (PARTITION BY sku, code = 'duplicate-sku' ORDER BY list_position($runs, run) DESC, position DESC) = 1
)
SELECT sku, name, code, sentence, place, run
FROM latest
WHERE sku IS NULL OR code = 'duplicate-sku' OR sku NOT IN (SELECT sku FROM settled)
