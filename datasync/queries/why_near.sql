-- One row per SKU that differs from the asked one in case, blanks and leading zeros only, whatever scope has or had it.
-- Reads everywhere, the SKUs of every scope's catalog.
WITH spelled AS (
    SELECT DISTINCT sku, ltrim(regexp_replace(lower(sku), '\s+', '', 'g'), '0') AS bare FROM everywhere
)
SELECT sku
FROM spelled
WHERE bare = ltrim(regexp_replace(lower($sku), '\s+', '', 'g'), '0') AND sku <> $sku
ORDER BY sku
LIMIT 10
