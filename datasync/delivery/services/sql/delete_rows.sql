-- Deletes the rows of a batch's removed products; rows that are not ours stay.
-- Reads the stage of the batch.
DELETE FROM $table
WHERE scope = $scope AND datasync_hash IS NOT NULL AND sku IN (SELECT sku FROM $stage WHERE operation = 'removed')
