-- Makes the table of the fences of a schema: the version of the last batch, for each table and scope.
CREATE TABLE IF NOT EXISTS $fence (table_name text NOT NULL, scope text NOT NULL, version bigint NOT NULL, PRIMARY KEY (table_name, scope))
