-- One row per damaged record that was cut out before reading: where it stood, its SKU and name if they could be read, its text, and why.
-- Reads cut_outs (the numbered records) and judged (the same records, mapped; `_place` is the number of each).
SELECT c._place, c._line AS line, trimmed(j.sku) AS sku, j.name, c._text AS record, c._unreadable AS sentence
FROM cut_outs AS c JOIN judged AS j ON j._place = c.number::VARCHAR
ORDER BY c.number
