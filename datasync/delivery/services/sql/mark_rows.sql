-- Marks the rows of a batch's removed products with the time; rows that are not ours stay, and so does an earlier mark.
-- Reads the stage of the batch.
UPDATE $table
SET deleted_at = $now, datasync_version = $version
WHERE scope = $scope AND datasync_hash IS NOT NULL AND deleted_at IS NULL AND sku IN (SELECT sku FROM $stage WHERE operation = 'removed')
