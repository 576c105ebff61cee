-- One macro a statement: what the numbers and lists of an Adobe Commerce product say.

-- A product's custom attributes as a list of structs.
CREATE OR REPLACE MACRO adobe_attributes(json_text) AS
    coalesce(TRY(from_json(json_text, '[{"attribute_code":"VARCHAR","value":"JSON"}]')), []);

-- Which custom attributes a product has.
CREATE OR REPLACE MACRO adobe_codes(json_text) AS list_transform(adobe_attributes(json_text), lambda attribute: attribute.attribute_code);

-- One custom attribute as text; the list of several options is JSON.
CREATE OR REPLACE MACRO adobe_attribute(listed, code) AS
    list_filter(listed, lambda attribute: attribute.attribute_code = code)[1].value ->> '$';

-- An option by its label, where it has one.
CREATE OR REPLACE MACRO adobe_label(option, labels) AS coalesce(map_extract_value(labels, option), option);

-- Several options, separated by commas, as a JSON list of their labels.
CREATE OR REPLACE MACRO adobe_labels(options, labels) AS
    to_json(list_transform(string_split(nullif(options, ''), ','), lambda option: adobe_label(option, labels)))::VARCHAR;

-- A status from its number.
CREATE OR REPLACE MACRO adobe_status(number) AS CASE number WHEN '1' THEN 'enabled' WHEN '2' THEN 'disabled' ELSE number END;

-- Where a product can be seen, from its visibility.
CREATE OR REPLACE MACRO adobe_visible_in(number) AS
    CASE number WHEN '1' THEN 'none' WHEN '2' THEN 'catalog' WHEN '3' THEN 'search' WHEN '4' THEN 'catalog,search' ELSE number END;

-- A stock status from the stock item among the extension attributes; lists of some versions have none.
CREATE OR REPLACE MACRO adobe_stock(extension) AS
    CASE
        WHEN extension ->> '$.stock_item.is_in_stock' IS NULL THEN 'unknown'
        WHEN extension ->> '$.stock_item.manage_stock' = 'false' THEN 'in-stock'
        WHEN extension ->> '$.stock_item.is_in_stock' IN ('false', '0') THEN 'out-of-stock'
        WHEN TRY_CAST(extension ->> '$.stock_item.qty' AS DOUBLE) > 0
            AND TRY_CAST(extension ->> '$.stock_item.qty' AS DOUBLE)
                <= TRY_CAST(extension ->> '$.stock_item.notify_stock_qty' AS DOUBLE)
            THEN 'low-stock'
        ELSE 'in-stock'
    END;

-- Images from the media gallery, in its order, without what is hidden and what is a video.
CREATE OR REPLACE MACRO adobe_images(gallery, media) AS
    list_transform(
        list_filter(
            list_sort(
                TRY(
                    from_json(
                        gallery,
                        '[{"position":"INTEGER","media_type":"VARCHAR","disabled":"BOOLEAN","file":"VARCHAR","label":"VARCHAR","types":["VARCHAR"]}]'
                    )
                )
            ),
            lambda image: image.media_type = 'image' AND NOT coalesce(image.disabled, false) AND image.file IS NOT NULL
        ),
        lambda image: {'url': media || 'catalog/product' || image.file, 'label': image.label, 'roles': image.types}
    );

-- Whether a product is on a website; true where the record does not say.
CREATE OR REPLACE MACRO adobe_is_on(websites, website) AS
    coalesce(list_contains(TRY(from_json(websites, '["BIGINT"]')), website), true);

-- The paths of a product's categories as a JSON list, from the tree's, which are kept by their ids.
CREATE OR REPLACE MACRO adobe_categories(links, paths) AS
    to_json(
        list_filter(
            list_transform(
                TRY(from_json(links, '[{"category_id":"VARCHAR"}]')),
                lambda link: coalesce(map_extract_value(paths, link.category_id), link.category_id)
            ),
            lambda path: path <> ''
        )
    )::VARCHAR
