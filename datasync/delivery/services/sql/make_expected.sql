-- Makes an empty temporary table with the types of the table's columns, so that values become in it what they became there.
CREATE TEMPORARY TABLE $expected AS SELECT sku, datasync_hash$names FROM $table WHERE 1 = 0
