-- One row where a batch of this table and scope was ever delivered: its highest version.
SELECT version FROM $fence WHERE table_name = $name AND scope = $scope
