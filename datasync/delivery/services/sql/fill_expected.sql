-- Adds the products of a batch to what is expected of the table.
-- Reads the stage of the batch.
INSERT INTO $expected (sku, datasync_hash$names)
SELECT s.sku, s.hash$values
FROM $stage AS s
