-- One row per SKU of a batch: its answer, beside the receipts as they are after another writer's entries.
-- Reads batch_answers, and receipts (the fold now). A product that nobody touched since the entry $since is perhaps held only because it was sent then.
SELECT
    t.* REPLACE (
        r.held_hash AS held_hash,
        CASE WHEN r.entry > $since THEN coalesce(r.perhaps_held, false) ELSE t.perhaps_held END AS perhaps_held,
        r.received_at AS received_at,
        r.received_as AS received_as,
        r.entry AS entry
    )
FROM batch_answers AS t LEFT JOIN receipts AS r USING (sku)
