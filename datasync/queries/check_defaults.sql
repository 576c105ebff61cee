-- One row: in how many records an expression gives no value, so that its column has the default. Reads rows (the fields, and _blank).
WITH tried AS (
    SELECT TRY({'v': $expression}) AS result FROM rows WHERE NOT _blank AND $condition
)
SELECT count(*) FILTER (result IS NOT NULL AND trimmed(result.v::VARCHAR) IS NULL) AS n FROM tried
