-- One row per SKU that is spelled nearly like the asked one, whatever scope has or had it, the likeliest first: without case, signs, blanks and leading
-- zeros they are the same, or one sign is another, too much or lacking. Reads everywhere, the SKUs of every scope's catalog.
WITH spelled AS (
    SELECT DISTINCT sku, looks_of(sku) AS looks FROM everywhere
),
bared AS (
    SELECT sku, looks, ltrim(regexp_replace(looks, '[^\p{L}\p{N}]', '', 'g'), '0') AS bare FROM spelled
),
target AS (
    SELECT looks, ltrim(regexp_replace(looks, '[^\p{L}\p{N}]', '', 'g'), '0') AS bare FROM (SELECT looks_of($sku) AS looks)
),
near AS (
    SELECT
        b.sku,
        CASE
            WHEN b.looks = a.looks OR (b.bare = a.bare AND a.bare <> '') THEN 0
            WHEN length(a.looks) >= 4 AND abs(length(b.looks) - length(a.looks)) <= 1
                THEN damerau_levenshtein(b.looks, a.looks)
        END AS distance
    FROM bared AS b, target AS a
    WHERE b.sku <> $sku
)
SELECT sku FROM near WHERE distance <= 1 ORDER BY distance, sku LIMIT 10
