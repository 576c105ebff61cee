-- One row per file of product stories, numbered in the order of SKU: the first SKU in it, and its stories as one JSON object by SKU.
-- A product has a story if the logs have more of it than the entry with which the stored history begins: its versions, the oldest first, each with the fields that changed, and what services answered. A SKU that was quarantined and never valid has one, and so has a product that was marked, resent or not answered for.
-- Products without an entry after the catalog's entry $since, and without an answer that is news, are left out: their stories stand in an older version of the page.
-- Reads versions (every kept row of the catalog log) and page_answers (every kept row of the receipt logs, with the service's number in the settings).
WITH news AS (
    SELECT sku FROM versions WHERE entry > $since
    UNION
    SELECT sku FROM page_answers WHERE is_news
),
retried AS (
    SELECT DISTINCT sku FROM page_answers WHERE outcome IN ('marked', 'failed', 'sent') OR operation = 'resent'
),
changed AS (
    SELECT sku
    FROM versions SEMI JOIN news USING (sku) LEFT JOIN retried AS r USING (sku)
    GROUP BY sku
    HAVING count(*) > 1 OR min(entry) > (SELECT min(entry) FROM versions) OR bool_or(hash IS NULL) OR bool_or(r.sku IS NOT NULL)
),
answered AS (
    SELECT
        sku,
        list({
            'service': number,
            'outcome': outcome,
            'operation': operation,
            'at': epoch_ms(CASE WHEN outcome IN ('received', 'removed') THEN received_at ELSE "at" END),
            'hash': left(hash, 8),
            'words': words,
            'run': run
        } ORDER BY number, entry) AS answers
    FROM page_answers SEMI JOIN changed USING (sku)
    GROUP BY sku
),
read AS (
    SELECT
        sku, entry, change, code, "at", updated_at, run, hash,
        CASE
            WHEN hash IS NOT NULL THEN list_concat(
                [
                    {'field': 'name', 'text': name},
                    {'field': 'description', 'text': description},
                    {'field': 'type', 'text': type},
                    {'field': 'status', 'text': status},
                    {'field': 'visibleIn', 'text': array_to_string(visible_in, ', ')},
                    {'field': 'stock', 'text': stock},
                    {'field': 'price', 'text': price_text(price)},
                    {'field': 'currency', 'text': currency},
                    {'field': 'url', 'text': url},
                    {'field': 'images', 'text': array_to_string(list_transform(images, lambda i: concat_ws(' ', i.url, i.label, array_to_string(i.roles, ' '))), ', ')},
                    {'field': 'categories', 'text': array_to_string(categories, ', ')}
                ],
                list_transform(attributes, lambda a: {'field': 'attributes.' || a.code, 'text': array_to_string(a."values", ', ')})
            )
        END AS fields
    FROM versions SEMI JOIN changed USING (sku)
),
beside AS (
    SELECT
        *,
        lag(hash IGNORE NULLS) OVER of_product AS hash_before,
        lag(fields IGNORE NULLS) OVER of_product AS before
    FROM read
    WINDOW of_product AS (PARTITION BY sku ORDER BY entry)
),
compared AS (
    SELECT
        *,
        CASE
            WHEN before IS NOT NULL AND fields IS NOT NULL THEN list_filter(
                list_transform(
                    list_distinct(list_concat(list_transform(fields, lambda f: f.field), list_transform(before, lambda f: f.field))),
                    lambda name: {
                        'field': name,
                        'before': list_filter(before, lambda f: f.field = name)[1].text,
                        'after': list_filter(fields, lambda f: f.field = name)[1].text
                    }
                ),
                lambda c: coalesce(c.before, '') <> coalesce(c.after, '')
            )
        END AS changes
    FROM beside
),
histories AS (
    SELECT
        sku,
        list({
            'change': change,
            'code': code,
            'at': epoch_ms("at"),
            'source': epoch_ms(updated_at),
            'run': run,
            'hash': left(hash, 8),
            'isOther': hash IS NOT NULL AND hash_before IS NOT NULL AND hash <> hash_before,
            'changes': list_sort(changes)
        } ORDER BY entry) AS versions
    FROM compared
    GROUP BY sku
),
stories AS (
    SELECT h.sku, to_json({'versions': h.versions, 'answers': coalesce(a.answers, [])})::VARCHAR AS story
    FROM histories AS h LEFT JOIN answered AS a USING (sku)
),
sized AS (
    SELECT *, sum(strlen(story)) OVER (ORDER BY sku ROWS UNBOUNDED PRECEDING) - strlen(story) AS before FROM stories
)
SELECT
    row_number() OVER (ORDER BY min(sku)) - 1 AS number,
    min(sku) AS first,
    '{' || string_agg(to_json(sku)::VARCHAR || ':' || story, ',' ORDER BY sku) || '}' AS stories
FROM sized
GROUP BY before // $bytes
ORDER BY number
