-- One row per raw record of the sample shop in one locale at one moment, all text. The statements before the SELECT make what it needs.

-- A number below 2^31 that looks like chance. Integers only, so that it is the same on every machine and in every version.
CREATE OR REPLACE TEMP MACRO sample_step(x) AS (xor(x::BIGINT, x::BIGINT >> 13) * 1540483477) % 2147483647;
CREATE OR REPLACE TEMP MACRO sample_mix(x) AS sample_step(sample_step(sample_step(x::BIGINT % 2147483647 + 1)));

-- The k-th throw, 0 to n - 1, of the dice that belong to the mixed number h.
CREATE OR REPLACE TEMP MACRO sample_draw(h, k, n) AS (h * ((k + 1009) * (k + 7919)::BIGINT * 1540483477 % 2147483647)) % 2147483647 % n;

-- A second of the UTC day, more often around noon than at night; takes the throws k, k + 1 and k + 2.
CREATE OR REPLACE TEMP MACRO sample_second(h, k) AS
    sample_draw(h, k, 43200) + CASE sample_draw(h, k + 1, 2) WHEN 0 THEN sample_draw(h, k + 2, 43200) ELSE 43200 * sample_draw(h, k + 2, 2) END;

-- US cents as this shop prices them in a currency: in hundredths of it, with the endings its shoppers know.
CREATE OR REPLACE TEMP MACRO sample_price(cents, currency) AS
    CASE currency
        WHEN 'USD' THEN (cents + 50) // 100 * 100 - CASE WHEN cents < 4000 THEN 1 ELSE 0 END
        WHEN 'EUR' THEN (cents + 50) // 100 * 100 - CASE WHEN cents < 10000 THEN 10 ELSE 0 END
        WHEN 'JPY' THEN CASE WHEN cents < 1500 THEN (cents * 150 + 500) // 1000 * 1000 ELSE (cents * 150 + 5000) // 10000 * 10000 - 2000 END
        WHEN 'SAR' THEN (cents * 375 // 100 + 50) // 100 * 100
        ELSE CASE WHEN cents < 1500 THEN (cents * 34 + 500) // 1000 * 1000 - 100 ELSE (cents * 34 + 5000) // 10000 * 10000 - 1000 END
    END;

-- Hundredths as text.
CREATE OR REPLACE TEMP MACRO sample_money(hundredths, currency) AS
    (hundredths // 100) || CASE currency WHEN 'JPY' THEN '' ELSE '.' || lpad((hundredths % 100)::VARCHAR, 2, '0') END;

-- One row: the words of the locale. An offer is what a product can be; its texts stand from number ..._at on in the one list of texts.
CREATE TEMP TABLE IF NOT EXISTS sample_words_$lang AS
SELECT unnest(from_json($words, '{
    "l": {"lang": "VARCHAR", "currency": "VARCHAR", "round": "BIGINT", "missing": "BIGINT", "comma": "VARCHAR", "dash": "VARCHAR",
        "lettered": "VARCHAR", "numbered": "VARCHAR", "old": "VARCHAR"},
    "colours": [{"code": "VARCHAR", "text": "VARCHAR"}],
    "offers": [{"slug": "VARCHAR", "sku": "VARCHAR", "type": "VARCHAR", "coloured": "BOOLEAN", "low": "BIGINT", "high": "BIGINT", "people": "VARCHAR",
        "before": "VARCHAR", "after": "VARCHAR", "categories": "VARCHAR", "line_at": "BIGINT", "line_count": "BIGINT", "brand_at": "BIGINT",
        "brand_count": "BIGINT", "say_at": "BIGINT", "say_count": "BIGINT", "material_at": "BIGINT", "material_count": "BIGINT",
        "spec_at": "BIGINT", "spec_count": "BIGINT", "made_at": "BIGINT", "fit_at": "BIGINT", "fit_code_at": "BIGINT"}],
    "clothes": "BIGINT",
    "things": "BIGINT",
    "texts": ["VARCHAR"],
    "hostile": [{"slot": "BIGINT", "text": "VARCHAR"}],
    "endless": ["BIGINT"]
}'));

-- One row per place in the assortment, which one product after another may take.
CREATE TEMP TABLE IF NOT EXISTS sample_slots_$slots AS SELECT range AS slot FROM range($slots);

WITH records AS (
    SELECT slot, 0 AS copy, slot % 170 = 57 AS is_bad FROM sample_slots_$slots
    UNION ALL
    SELECT slot, 1 AS copy, true AS is_bad FROM sample_slots_$slots WHERE slot % 170 = 57 AND slot // 170 % 12 IN (5, 6)
),
places AS (
    SELECT
        slot,
        copy,
        sample_mix(slot * 8 + $seed) AS h,
        CASE
            WHEN is_bad THEN [
                'no sku', 'no name', 'archived', 'no price', 'no time', 'two', 'repeated',
                'blank sku', 'archived at times', 'no price at times', 'no name at times', 'no price at times'
            ][1 + slot // 170 % 12]
        END AS flaw,
        list_filter(w.hostile, lambda entry: entry.slot = r.slot)[1].text AS dirt,
        list_contains(w.endless, slot) AS is_endless,
        NOT is_bad AND dirt IS NULL AND NOT is_endless AS may_leave
    FROM records AS r, sample_words_$lang AS w
),
-- Half the places change hands: a product stays for a season, leaves a gap, and the next one (up to three in turn) appears.
seasons AS (
    SELECT
        *,
        may_leave AND sample_draw(h, 1, 100) < 48 AS is_seasonal,
        86400 * (14 + sample_draw(h, 2, 13)) AS season,
        3600 * (3 + sample_draw(h, 7, 30)) + sample_draw(h, 8, 3600) AS gap,
        $at - 86400 * sample_draw(h, 3, 26) - sample_second(h, 4) AS age
    FROM places
),
lives AS (
    SELECT
        * EXCLUDE (season, gap, age),
        CASE WHEN is_seasonal THEN age // season % (1 + sample_draw(h, 9, 3)) ELSE 0 END AS generation,
        CASE WHEN is_seasonal THEN $at - age % season ELSE 0 END AS appeared_at,
        sample_mix(slot // 6 * 8 + generation + $seed + 500000003) AS style_h,
        sample_mix(slot * 8 + generation + $seed + 900000011) AS own_h,
        sample_draw(style_h, 1, 100) < 60 AS is_worn
    FROM seasons
    WHERE NOT is_seasonal OR age % season < season - gap
),
-- Six neighbours share one style of garment (its configurable product and five of colour and size), or are six things.
products AS (
    SELECT
        p.*,
        CASE WHEN is_worn THEN style_h ELSE own_h END AS product_h,
        CASE WHEN is_worn THEN slot % 6 END AS member,
        w.offers[1 + CASE WHEN is_worn THEN sample_draw(style_h, 2, w.clothes) ELSE w.clothes + sample_draw(own_h, 2, w.things) END] AS o
    FROM lives AS p, sample_words_$lang AS w
    WHERE NOT may_leave OR sample_draw(own_h, 40 + $lang, 1000) >= w.l.missing
),
-- Price, stock, wording and some flaws each have a period of their own, and a phase.
clocks AS (
    SELECT
        *,
        o.type = 'virtual' AS is_virtual,
        o.type IN ('virtual', 'downloadable') AS is_digital,
        86400 * (8 + sample_draw(h, 10, 11)) AS price_every,
        86400 * (24 + sample_draw(h, 15, 37)) AS stock_every,
        86400 * (1 + sample_draw(h, 20, 4)) + sample_draw(h, 21, 14400) AS sells_out,
        sells_out + 86400 * (1 + sample_draw(h, 22, 6)) + sample_draw(h, 23, 14400) AS restocked,
        86400 * (60 + sample_draw(h, 24, 120)) AS text_every,
        3600 * (40 + sample_draw(h, 29, 30)) AS flaw_every,
        $at - 86400 * sample_draw(h, 11, 18) - sample_second(h, 12) AS price_age,
        ($at - 86400 * sample_draw(h, 16, 60) - sample_second(h, 17)) % stock_every AS stock_age,
        $at - 86400 * sample_draw(h, 25, 180) - sample_second(h, 26) AS text_age,
        ($at - sample_draw(h, 31, 250000)) % flaw_every AS flaw_age
    FROM products
),
moments AS (
    SELECT
        *,
        CASE WHEN is_virtual THEN 0 ELSE price_age // price_every END AS price_version,
        text_age // text_every AS text_version,
        CASE
            WHEN is_digital OR stock_age >= restocked THEN 'in-stock'
            WHEN stock_age >= sells_out THEN 'out-of-stock'
            ELSE 'low-stock'
        END AS stock,
        CASE WHEN flaw NOT LIKE '% at times' THEN flaw WHEN flaw_age < flaw_every // 3 THEN replace(flaw, ' at times', '') END AS flaw_now,
        greatest(
            appeared_at,
            $at - text_age % text_every,
            CASE WHEN is_virtual THEN 0 ELSE $at - price_age % price_every END,
            CASE
                WHEN is_digital THEN 0
                ELSE $at - stock_age + CASE stock WHEN 'in-stock' THEN restocked WHEN 'out-of-stock' THEN sells_out ELSE 0 END
            END,
            CASE
                WHEN flaw LIKE '% at times' THEN $at - flaw_age + CASE WHEN flaw_age < flaw_every // 3 THEN 0 ELSE flaw_every // 3 END
                ELSE 0
            END
        ) AS changed_at
    FROM clocks
),
picked AS (
    SELECT
        m.*,
        w.l AS l,
        w.texts[o.line_at + sample_draw(product_h, 4, o.line_count)] AS line,
        w.texts[o.brand_at + sample_draw(product_h, 5, o.brand_count)] AS brand,
        sample_draw(product_h, 6, o.material_count) AS which,
        w.texts[o.material_at + which] AS material,
        w.texts[o.say_at + (text_version + sample_draw(own_h, 50, 12)) % o.say_count] || coalesce(w.texts[o.made_at + which], '') AS said,
        CASE
            WHEN member > 0 THEN w.colours[1 + (sample_draw(style_h, 7, len(w.colours)) + CASE WHEN member > 3 THEN 5 ELSE 0 END) % len(w.colours)]
            WHEN o.coloured THEN w.colours[1 + sample_draw(own_h, 7, len(w.colours))]
        END AS colour,
        sample_draw(style_h, 8, 3) + (member - 1) % 3 AS step,
        CASE WHEN member > 0 THEN w.texts[o.fit_at + step] END AS fit,
        CASE WHEN member > 0 THEN w.texts[o.fit_code_at + step] END AS fit_code,
        sample_draw(own_h, 8, o.spec_count) AS variant,
        w.texts[o.spec_at + variant] AS spec,
        CASE
            WHEN is_virtual THEN 100 * o.low * (1 + sample_draw(own_h, 9, o.high // o.low))
            WHEN is_digital THEN 100 * (o.low + sample_draw(own_h, 9, o.high - o.low + 1))
            ELSE 100 * (o.low + sample_draw(product_h, 9, o.high - o.low + 1)) * (10 + 3 * variant) // 10
        END AS list_price
    FROM moments AS m, sample_words_$lang AS w
),
-- Wording number 0, 2, 4 ... of a name has commas, 1, 3, 5 ... has dashes.
named AS (
    SELECT
        *,
        slot * 3 + generation + 1 AS number,
        CASE
            WHEN is_worn THEN
                format('{}-{}{}{:02d}', 24 + generation, o.people, o.sku, slot // 6 + 1) || coalesce('-' || colour.code || '-' || fit_code, '')
            WHEN o.sku IS NOT NULL THEN o.sku || '-' || (9999 + number)
            ELSE format('{:05d}', number // 20011 * 20011 + number % 20011 * 7919 % 20011)
        END AS code,
        CASE text_version % 2 WHEN 0 THEN l.comma ELSE l.dash END AS comma,
        o.before || line || o.after || coalesce(comma || spec, '') || coalesce(comma || colour.text, '')
        || coalesce(comma || CASE WHEN fit_code < 'A' THEN l.numbered ELSE l.lettered END || fit, '') AS clean,
        coalesce(replace(dirt, '{name}', clean), clean) AS called,
        list_price * [100, 90, 100, 80, 100, 85, 100, 70][1 + (price_version + sample_draw(own_h, 51, 8)) % 8] // 100 AS cents,
        sample_draw(own_h, 52, 100) AS seen
    FROM picked
)
SELECT
    CASE flaw_now WHEN 'no sku' THEN NULL WHEN 'blank sku' THEN '  ' ELSE code END AS sku,
    CASE WHEN flaw_now = 'no name' THEN NULL WHEN flaw_now = 'two' AND copy = 1 THEN called || l.old ELSE called END AS name,
    CASE WHEN is_endless THEN repeat(said || ' ', 1 + 210000 // strlen(said)) ELSE said END AS description,
    CASE WHEN member = 0 THEN 'configurable' ELSE o.type END AS type,
    CASE WHEN flaw_now = 'archived' THEN 'archived' WHEN sample_draw(own_h, 53, 100) < 3 THEN 'disabled' ELSE 'enabled' END AS status,
    CASE WHEN seen = 0 THEN '[]' WHEN seen < 3 THEN '["search"]' WHEN seen < 11 THEN '["catalog"]' ELSE '["catalog","search"]' END AS visible_in,
    stock,
    CASE
        WHEN flaw_now = 'no price' THEN 'n/a'
        WHEN is_virtual THEN sample_money(list_price * l.round, l.currency)
        ELSE sample_money(sample_price(cents, l.currency), l.currency)
    END AS price,
    l.currency AS currency,
    'https://shop.example/' || l.lang || '/' || o.slug || '-' || lower(code) || '.html' AS url,
    to_json([{
        'url': 'https://shop.example/media/' || o.slug || '-' || lower(code) || '.jpg',
        'label': called,
        'roles': ['image', 'small_image', 'thumbnail']
    }])::VARCHAR AS images,
    o.categories AS categories,
    CASE
        WHEN flaw_now = 'no time' THEN 'yesterday'
        WHEN flaw_now = 'two' AND copy = 1 THEN strftime(make_timestamp((changed_at - 777600) * 1000000), '%Y-%m-%dT%H:%M:%SZ')
        ELSE strftime(make_timestamp(changed_at * 1000000), '%Y-%m-%dT%H:%M:%SZ')
    END AS updated_at,
    colour.text AS color,
    coalesce(fit, spec) AS size,
    material,
    brand,
    sample_money(list_price * (38 + sample_draw(own_h, 54, 20)) // 100, 'USD') AS internal_cost
FROM named
