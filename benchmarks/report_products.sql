-- Tables as a publish finds them, of $size made-up products in families of eight variants: page_versions, page_rows, page_records.
CREATE OR REPLACE MACRO dice(seed, salt) AS (hash(seed, salt) >> 2)::BIGINT;
CREATE OR REPLACE MACRO pick(words, seed, salt) AS words[1 + dice(seed, salt) % len(words)];
CREATE OR REPLACE MACRO seldom(words, seed, salt) AS -- the first words often, the last ones hardly ever
    words[1 + floor(len(words) * pow(dice(seed, salt) % 1000003 / 1000003.0, 2.5))::INTEGER];
CREATE OR REPLACE MACRO made_up(seed, salt) AS
    pick(['ba', 'co', 'du', 'fe', 'ga', 'hi', 'jo', 'ka', 'lu', 'mi', 'no', 'pra', 'qui', 'ro', 'sta', 'tre', 'ul', 'vo', 'wy', 'xe'], seed, salt || 'a')
    || pick(['bel', 'can', 'dor', 'fin', 'gar', 'hem', 'lis', 'mon', 'nar', 'pel', 'ris', 'sten', 'tor', 'vik', 'wen', 'zon'], seed, salt || 'b')
    || pick(['', '', 'a', 'ex', 'io', 'um', 'ware', 'son', 'berg', 'ique'], seed, salt || 'c');

CREATE OR REPLACE TABLE product AS
WITH words AS (
    SELECT
        string_split('shirt t-shirt sweatshirt jacket hoodie pants shorts tank bra tee bag backpack watch shoe sneaker boot sandal sofa table lamp chair cable adapter charger case cover phone tablet laptop monitor keyboard mouse headphones speaker camera lens tripod drill hammer saw screwdriver wrench bolt nut screw washer pump valve filter hose pipe fitting bearing belt gasket seal brake rotor pad oil fluid cleaner brush mop bucket towel sheet pillow blanket mattress curtain rug vase mug plate bowl spoon fork knife pan pot kettle toaster blender mixer grill oven fridge freezer', ' ') AS nouns,
        string_split('classic modern slim premium ultra light heavy duty compact portable wireless digital organic natural soft stretch waterproof breathable insulated thermal reversible adjustable folding stackable universal replacement deluxe essential vintage sport outdoor indoor', ' ') AS kinds,
        string_split('cotton leather wool linen silk polyester nylon steel aluminium brass copper oak pine bamboo glass ceramic rubber silicone carbon titanium denim fleece cashmere velvet', ' ') AS stuffs,
        string_split('black white blue red green grey navy teal purple pink orange yellow brown beige ivory gold silver rosé café crème aqua coral olive maroon turquoise', ' ') AS colors,
        string_split('XS S M L XL XXL 28 30 32 34 36 38 40 10cm 20cm 50ml 100ml 250ml 1kg 2-pack 6-pack 12-pack', ' ') AS sizes,
        string_split('赤 青 黒 白 革 綿 靴 鞄 時計 椅子 机 照明 充電器 カメラ レンズ スニーカー シャツ ジャケット バックパック ヘッドホン 防水 軽量 折りたたみ 子供用 高級 台所 包丁 毛布 枕 カーテン 電池 工具 部品 ステンレス 衬衫 外套 手机壳 耳机 面料', ' ') AS signs
)
SELECT
    i,
    i // 8 AS family,
    CASE i // 8 % 3
        WHEN 0 THEN upper(left(made_up(i // 8, 'sku'), 3)) || lpad((i // 8)::VARCHAR, 6, '0') || '-' || upper(pick(sizes, i // 2 % 4 + i // 8, 'size')) || '-' || i % 8
        WHEN 1 THEN '24-' || upper(left(made_up(i // 8, 'sku'), 2)) || lpad((i * 7919 % $size)::VARCHAR, 8, '0')
        ELSE (4000000000000 + i * 104729)::VARCHAR
    END AS sku,
    CASE WHEN dice(i // 8, 'cjk') % 100 < 3
        THEN pick(signs, i // 8, 1) || pick(signs, i // 8, 2) || pick(signs, i // 8, 3) || CASE WHEN i % 2 = 0 THEN pick(signs, i, 4) ELSE '' END
        ELSE concat_ws(' ',
            upper(made_up(i // 8 % 1500, 'brand')[1]) || made_up(i // 8 % 1500, 'brand')[2:],
            CASE WHEN dice(i // 8, 'k') % 100 < 65 THEN seldom(kinds, i // 8, 'kind') END,
            CASE WHEN dice(i // 8, 's') % 100 < 55 THEN seldom(stuffs, i // 8, 'stuff') END,
            seldom(nouns, i // 8, 'noun'),
            CASE WHEN dice(i // 8, 'm') % 100 < 50 THEN made_up(i // 8, 'model') END,
            CASE WHEN dice(i // 8, 'n') % 100 < 25 THEN upper(left(made_up(i // 8, 'no'), 2)) || dice(i // 8, 'number') % 9000 END,
            pick(colors, i, 'color'),
            pick(sizes, i, 'size'))
    END AS name
FROM range($size) AS made(i), words;

CREATE OR REPLACE TABLE page_versions AS
SELECT
    row_number() OVER (ORDER BY sku) - 1 AS version,
    sku,
    md5(sku) AS hash,
    name,
    ['simple', 'simple', 'simple', 'simple', 'simple', 'configurable', 'bundle', 'virtual'][1 + dice(i, 't') % 8] AS type,
    [['catalog', 'search'], ['catalog', 'search'], ['catalog'], ['search']][1 + dice(i, 'v') % 4] AS visible_in,
    ['in-stock', 'in-stock', 'in-stock', 'low-stock', 'out-of-stock'][1 + dice(i, 'q') % 5] AS stock,
    to_json({
        sku: sku, scope: 'en-US', name: name, description: 'The ' || name || ' by ' || made_up(family % 1500, 'brand') || ': ' || made_up(i, 1) || ' ' || made_up(i, 2) || ' and ' || made_up(family, 3) || '.',
        type: 'simple', status: 'enabled', visibleIn: ['catalog', 'search'], inStock: true, lowStock: false, price: (dice(family, 'p') % 20000 / 100)::DECIMAL(9, 2)::VARCHAR, currency: 'USD',
        url: 'https://shop.example/en-us/' || lower(replace(name, ' ', '-')), images: [{url: 'https://shop.example/media/' || md5(family::VARCHAR) || '.jpg', label: name, roles: ['base', 'thumbnail']}],
        categories: ['Shop/' || made_up(family % 60, 'shop'), 'New'], attributes: [{code: 'brand', "values": [made_up(family % 1500, 'brand')]}, {code: 'made', "values": [(dice(i, 'y') % 20 + 2005)::VARCHAR]}]
    })::VARCHAR AS payload,
    i,
    family
FROM product
ORDER BY version;
DROP TABLE product;

CREATE OR REPLACE TABLE page_rows AS
WITH told AS (
    SELECT
        s.service,
        v.version,
        CASE
            WHEN dice(v.i, s.service || 'x') % 1000 < s.absent THEN 'missing'
            WHEN s.absent > 4 AND dice(v.family, 'e') % 1000 < 30 THEN 'excluded'
            WHEN dice(v.i, s.service || 'r') % 1000 < 1 THEN 'rejected'
            ELSE 'current'
        END AS state,
        1790000000000 + s.lag * 1000 - CASE
            WHEN dice(v.family, 'age') % 1000 < 3 THEN 600 + dice(v.family, 'lately') % 10000
            WHEN dice(v.family, 'age') % 1000 < 250 THEN 10800 + dice(v.family, 'days') % 1200000
            ELSE 1210000 + dice(v.family // 1000, 'first') % 3600
        END * 1000 AS received_ms
    FROM page_versions AS v, (VALUES ('catalog-service', 4, 20), ('search', 30, 90), ('recommendations', 50, 400)) AS s (service, absent, lag)
)
SELECT
    service,
    version,
    state,
    CASE state WHEN 'excluded' THEN 'The product is not visible in search' WHEN 'rejected' THEN 'The price is required, said the service' END AS words,
    CASE WHEN state = 'current' THEN received_ms END AS received_ms,
    CASE WHEN state = 'rejected' THEN received_ms END AS answered_ms,
    CASE WHEN state = 'current' THEN 16 + (received_ms >= 1790000000000 - 10800000)::INTEGER ELSE 0 END AS flags
FROM told;
ALTER TABLE page_versions DROP i;
ALTER TABLE page_versions DROP family;

CREATE OR REPLACE TABLE page_records AS
SELECT 'Q-' || range AS sku, 'Broken ' || range AS name, 'bad-value' AS code, 'price is twelve, which is no decimal number.' AS sentence, 'bad-value: price is …, which is no decimal number.' AS reason, true AS is_of_last_pull FROM range(10);
