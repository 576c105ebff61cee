-- One macro a statement: what is in a value of an Akeneo product, in one channel and locale.

-- The values of one attribute that count in a channel and locale: its own, or those without one.
CREATE OR REPLACE MACRO akeneo_fitting(json_text, in_channel, in_locale) AS
    list_filter(
        TRY(from_json(json_text, '[{"scope":"VARCHAR","locale":"VARCHAR","data":"JSON","linked_data":"JSON"}]')),
        lambda entry: coalesce(entry.scope, in_channel) = in_channel AND coalesce(entry.locale, in_locale) = in_locale
    );

-- The label of one option in a locale, from what is linked to a value; NULL where it has none.
CREATE OR REPLACE MACRO akeneo_label(linked, path, in_locale) AS
    nullif(json_extract_string(linked, path || '.labels."' || in_locale || '"'), '');

-- A value as text: an option by its label, several as a JSON list of labels, anything else as it is.
CREATE OR REPLACE MACRO akeneo_text(entry, in_locale) AS
    CASE
        WHEN json_type(entry.data) = 'ARRAY' AND json_type(entry.linked_data) = 'OBJECT'
            THEN to_json(
                list_transform(
                    from_json(entry.data, '["VARCHAR"]'),
                    lambda code: coalesce(TRY(akeneo_label(entry.linked_data, '$."' || code || '"', in_locale)), code)
                )
            )::VARCHAR
        WHEN json_type(entry.linked_data) = 'OBJECT'
            THEN coalesce(akeneo_label(entry.linked_data, '$', in_locale), entry.data ->> '$')
        ELSE entry.data ->> '$'
    END;

-- One attribute of a product as text, in a channel and locale.
CREATE OR REPLACE MACRO akeneo_value(json_text, in_channel, in_locale) AS
    akeneo_text(akeneo_fitting(json_text, in_channel, in_locale)[1], in_locale);

-- How complete a product is in a channel and locale, in percent.
CREATE OR REPLACE MACRO akeneo_completeness(json_text, in_channel, in_locale) AS
    list_filter(
        TRY(from_json(json_text, '[{"scope":"VARCHAR","locale":"VARCHAR","data":"VARCHAR"}]')),
        lambda entry: entry.scope = in_channel AND entry.locale = in_locale
    )[1].data;

-- The amount of a price in one currency; a price that is no list of prices is taken as it is.
CREATE OR REPLACE MACRO akeneo_price(json_text, in_currency) AS
    CASE
        WHEN json_text LIKE '[%'
            THEN list_filter(
                TRY(from_json(json_text, '[{"amount":"VARCHAR","currency":"VARCHAR"}]')),
                lambda entry: entry.currency = in_currency
            )[1].amount
        ELSE json_text
    END;

-- A product's status from its `enabled`.
CREATE OR REPLACE MACRO akeneo_status(enabled) AS
    CASE enabled WHEN 'true' THEN 'enabled' WHEN 'false' THEN 'disabled' ELSE enabled END
