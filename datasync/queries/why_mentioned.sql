-- The first few records in quarantine that have no SKU and hold the asked one as a word or a cell of their text. Reads quarantine.
-- It stands by itself: no letter, digit or sign that SKUs are written with is beside it.
SELECT code, sentence, place, regexp_extract(filename, '([^/\\]+)[.]parquet$', 1) AS run
FROM quarantine
WHERE
    sku IS NULL
    AND trim($sku) <> ''
    AND contains(record, $sku)
    AND regexp_matches(record, '(?:^|[^\p{L}\p{N}_./-])' || regexp_escape($sku) || '(?:$|[^\p{L}\p{N}_./-])')
ORDER BY run DESC, position, sentence
LIMIT 3
