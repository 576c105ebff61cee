-- One row per SKU whose record in this snapshot is older than what the catalog has of it.
-- Reads catalog_rows (the catalog now), snapshot, later (SKUs read by a pull that started later) and overriding (overriding.sql says which SKUs).
-- Only scheduled pulls of files that hold changes are compared so: these files say what a product was at its updated_at, and may arrive late.
-- A complete snapshot, and a partial one of a source that says what is there now, is the truth whatever its times; so is what an operator asks for.
-- A record of the same time overrides, and so does one without a time, or where the catalog has none.
SELECT sku
FROM snapshot AS s JOIN catalog_rows AS k USING (sku) ANTI JOIN later USING (sku) ANTI JOIN overriding USING (sku)
WHERE k.hash IS NOT NULL AND s.updated_at < k.updated_at
