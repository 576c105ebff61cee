-- One macro a statement: what a service gets of a product, its content hash, and what looks empty.

-- Whether nothing of a text can be seen; NULL of NULL. Most texts begin with a letter or a digit.
CREATE OR REPLACE MACRO looks_empty(text) AS
    CASE WHEN text >= '!' AND text < chr(127) THEN false ELSE regexp_full_match(text, unseen() || '*') END;

-- What is seen of a text, if case does not count: SKUs that look alike give the same.
CREATE OR REPLACE MACRO looks_of(text) AS
    lower(CASE WHEN regexp_full_match(text, '[!-~]*') THEN text ELSE nfc_normalize(regexp_replace(text, unseen(), '', 'g')) END);

-- A price as text: two decimals, or as many more as it has, whatever its type has (older stores have 4). The most usual one is known by its 18 zeros.
CREATE OR REPLACE MACRO price_text(price) AS
    CASE
        WHEN ends_with(price::VARCHAR, '000000000000000000') THEN left(price::VARCHAR, strlen(price::VARCHAR) - 18)
        ELSE regexp_replace(price::VARCHAR, '([.][0-9]{2,}?)0+$', '\1')
    END;

-- What a service gets of one product.
CREATE OR REPLACE MACRO payload(p, in_scope) AS {
    'sku': p.sku,
    'scope': in_scope,
    'name': p.name,
    'description': p.description,
    'type': p.type,
    'status': p.status,
    'visibleIn': p.visible_in,
    'inStock': CASE p.stock WHEN 'unknown' THEN NULL ELSE p.stock <> 'out-of-stock' END,
    'lowStock': CASE p.stock WHEN 'unknown' THEN NULL ELSE p.stock = 'low-stock' END,
    'price': price_text(p.price),
    'currency': p.currency,
    'url': p.url,
    'images': p.images,
    'categories': p.categories,
    'attributes': p.attributes
};

-- A product's attributes as the content hash sees them: without those that a name or pattern in `volatile` takes, values in a stable order.
CREATE OR REPLACE MACRO settled(attributes, volatile) AS
    list_transform(
        list_filter(attributes, lambda attribute: len(list_filter(volatile, lambda v: attribute.code = v OR attribute.code GLOB v)) = 0),
        lambda attribute: {'code': attribute.code, 'values': list_sort(attribute."values")}
    );

-- The canonical content of one product as JSON text; md5 of it is the content hash.
CREATE OR REPLACE MACRO content(p, in_scope, volatile) AS
    to_json(payload(struct_update(p, attributes := settled(p.attributes, volatile)), in_scope))::VARCHAR;

-- The content hash of one product (32 hexadecimal digits).
CREATE OR REPLACE MACRO content_hash(p, in_scope, volatile) AS md5(content(p, in_scope, volatile));
