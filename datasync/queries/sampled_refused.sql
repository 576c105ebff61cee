-- The values of a field that a pull refuses, the most frequent first. Reads judged (the sample's records, mapped and judged).
SELECT text_0
FROM judged
WHERE trimmed(text_0) IS NOT NULL AND code IS NOT NULL
GROUP BY text_0
ORDER BY count(*) DESC, text_0
LIMIT $examples
