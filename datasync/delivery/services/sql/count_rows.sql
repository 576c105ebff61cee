-- One row: how many products the table holds of a scope, whoever wrote them.
SELECT count(*) FROM $table WHERE scope = $scope AND $is_held
