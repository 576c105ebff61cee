-- One row per SKU that differs from the asked one in case, what cannot be seen and leading zeros only, whatever scope has or had it.
-- Reads everywhere, the SKUs of every scope's catalog.
WITH spelled AS (
    SELECT DISTINCT sku, ltrim(looks_of(sku), '0') AS bare FROM everywhere
)
SELECT sku
FROM spelled
WHERE bare = ltrim(looks_of($sku), '0') AND sku <> $sku
ORDER BY sku
LIMIT 10
