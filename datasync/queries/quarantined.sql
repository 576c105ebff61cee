-- One row per invalid record of a pull: where it stood, its SKU and name if it has them, its code, a sentence, and the record whole, if it is known.
-- Reads wanted_records, skipped_records, duplicate_resolution and original_records.
-- A record that gave nothing at all and is a JSON object after all was read: it has none of the fields that are mapped, a SKU least of all.
WITH invalid AS (
    SELECT
        s.position,
        s._place AS place,
        o.line,
        s.sku,
        s.name,
        CASE
            WHEN d.becomes = 'duplicate-sku' THEN 'duplicate-sku'
            WHEN s.code = 'unreadable' AND o.is_object THEN 'missing-sku'
            ELSE s.code
        END AS code,
        CASE
            WHEN d.becomes = 'duplicate-sku' THEN d.sentence
            WHEN s.code = 'unreadable' AND o.is_object THEN 'The record has no SKU.'
            WHEN s.code = 'unreadable' AND o.line IS NOT NULL THEN 'Line ' || format('{:,}', o.line) || ' of ' || s._place || ': ' || s.sentence
            ELSE s.sentence
        END AS sentence,
        coalesce(s.record, o.text) AS record
    FROM wanted_records AS s
    LEFT JOIN duplicate_resolution AS d USING (position)
    LEFT JOIN original_records AS o USING (position)
    WHERE s.code NOT IN ('blank', 'filtered') OR d.becomes = 'duplicate-sku'
)
SELECT position, place, line, sku, name, code, sentence, record FROM invalid
UNION ALL
SELECT NULL, _place, line, sku, name, 'unreadable', sentence, record FROM skipped_records WHERE is_blank IS NOT TRUE
