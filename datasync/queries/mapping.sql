-- One macro a statement: how a mapped value becomes a product's column.

-- Text without what cannot be seen around it, NULL where nothing is left. Looking first is several times as fast as trimming all.
CREATE OR REPLACE MACRO trimmed(content) AS
    CASE
        WHEN content >= '!' AND content < chr(127) AND NOT contains(signs_around(), content[-1]) THEN content
        WHEN looks_empty(content) THEN NULL
        WHEN NOT contains(signs_around(), content[1]) AND NOT contains(signs_around(), content[-1]) THEN content
        ELSE regexp_replace(regexp_replace(content, '^' || around() || '+', ''), around() || '+$', '')
    END;

-- Whether text is a decimal number in plain or scientific notation: no group signs, no NaN, no digits but 0 to 9.
CREATE OR REPLACE MACRO is_number(content) AS regexp_full_match(content, '[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?');

-- How many decimals a number in text needs, from its digits before and behind the point and its power of ten; NULL where that is beyond counting.
CREATE OR REPLACE MACRO decimals_of(parts) AS
    CASE
        WHEN rtrim(parts.whole || parts.fraction, '0') = '' THEN 0
        ELSE strlen(parts.fraction) - coalesce(TRY_CAST(nullif(parts.power, '') AS INTEGER), CASE WHEN parts.power = '' THEN 0 END)
            - (strlen(parts.whole || parts.fraction) - strlen(rtrim(parts.whole || parts.fraction, '0')))
    END;

-- A decimal, or NULL where it has 39 digits, which DuckDB makes of some powers of ten (.1e19).
CREATE OR REPLACE MACRO within_38_digits(number) AS CASE WHEN strlen(ltrim(number::VARCHAR, '-')) <= 39 THEN number END;

-- A price from text, as it is; NULL where it is no number, or has more digits than are kept.
-- A short number without a power of ten has few digits: it needs no closer look.
CREATE OR REPLACE MACRO price_of(content) AS
    CASE
        WHEN NOT is_number(content) THEN NULL
        WHEN strlen(content) <= 20 AND NOT contains(content, 'e') AND NOT contains(content, 'E') THEN TRY_CAST(content AS DECIMAL(38, 20))
        WHEN decimals_of(regexp_extract(content, '([0-9]*)[.]?([0-9]*)(?:[eE]([+-]?[0-9]+))?$', ['whole', 'fraction', 'power'])) <= 20
            THEN within_38_digits(TRY_CAST(content AS DECIMAL(38, 20)))
    END;

-- Whether text is a JSON object, or an array of more than numbers: what an element was if it is read as text and was none. `[2026]` may be a name.
CREATE OR REPLACE MACRO is_nested(content) AS
    CASE WHEN content LIKE '{%' OR content LIKE '["%' OR content LIKE '[{%' OR content LIKE '[[%' THEN json_valid(content) ELSE false END;

-- A list none of whose elements is a JSON object or array, or NULL.
CREATE OR REPLACE MACRO flat_list(listed) AS CASE WHEN len(list_filter(listed, lambda item: is_nested(item))) = 0 THEN listed END;

-- Whether text is a JSON object, or a JSON array that holds objects or arrays.
CREATE OR REPLACE MACRO holds_nested(content) AS
    CASE WHEN content LIKE '[%' THEN json_valid(content) AND flat_list(TRY(from_json(content, '["VARCHAR"]'))) IS NULL ELSE is_nested(content) END;

-- A list from text: a JSON array, or values separated by commas; NULL where it is neither. Most lists have nothing that could be trimmed.
CREATE OR REPLACE MACRO list_of(content) AS
    CASE
        WHEN content LIKE '[%' THEN TRY(from_json(content, '["VARCHAR"]'))
        WHEN is_nested(content) THEN NULL
        WHEN NOT regexp_matches(content, '(?:^|,)(?:' || unseen() || '|,|$)|' || unseen() || '(?:,|$)') THEN string_split(content, ',')
        ELSE list_filter(list_transform(string_split(content, ','), lambda item: trimmed(item)), lambda item: item IS NOT NULL)
    END;

-- A list without its elements that are NULL or look empty.
CREATE OR REPLACE MACRO filled_list(listed) AS list_filter(listed, lambda item: trimmed(item) IS NOT NULL);

-- A list whose order means nothing, sorted, without what is NULL or looks empty in it.
CREATE OR REPLACE MACRO settled_list(listed) AS list_sort(filled_list(listed));

-- Where a product can be seen, from a list; `none` is nowhere; NULL where the list names another place. The usual lists are known by sight.
CREATE OR REPLACE MACRO places_of(listed) AS
    CASE
        WHEN listed IN (['catalog', 'search'], ['catalog'], ['search']) THEN listed
        WHEN len(list_filter(listed, lambda item: coalesce(lower(trimmed(item)), '') NOT IN ('catalog', 'search', 'none'))) = 0
            THEN list_sort(list_distinct(list_filter(list_transform(listed, lambda item: lower(trimmed(item))), lambda item: item <> 'none')))
    END;

-- Where a product can be seen, from text; the most usual one is known by sight.
CREATE OR REPLACE MACRO places_in(content) AS
    CASE WHEN content = '["catalog","search"]' THEN ['catalog', 'search'] ELSE places_of(list_of(content)) END;

-- A status, or NULL where it is none.
CREATE OR REPLACE MACRO status_of(content) AS CASE WHEN lower(content) IN ('enabled', 'disabled') THEN lower(content) END;

-- A stock status, or NULL where it is none.
CREATE OR REPLACE MACRO stock_of(content) AS
    CASE WHEN lower(content) IN ('in-stock', 'low-stock', 'out-of-stock', 'unknown') THEN lower(content) END;

-- A time that calendars and every reader of Parquet have, or NULL.
CREATE OR REPLACE MACRO time_of(content) AS
    CASE WHEN content BETWEEN TIMESTAMPTZ '0001-01-02 00:00:00+00' AND TIMESTAMPTZ '9999-12-30 00:00:00+00' THEN content END;

-- Whether a time in text says how far it is from UTC: an offset, a Z or the name of a zone stands behind its hours.
CREATE OR REPLACE MACRO has_offset(content) AS regexp_matches(content, ':[0-9.]+ ?[-+A-Za-z]');

-- A time from text or a local time: by its own offset, else in a zone. Of an hour that comes twice it is the second; one that is skipped counts on from the hour before it.
CREATE OR REPLACE MACRO time_in(content, zone) AS
    CASE WHEN has_offset(content::VARCHAR) THEN TRY_CAST(content AS TIMESTAMPTZ) ELSE TRY(timezone(zone, TRY_CAST(content AS TIMESTAMP))) END;

-- An image from a URL or from a JSON object with one.
CREATE OR REPLACE MACRO image_of(content) AS
    CASE
        WHEN is_nested(content)
            THEN {
                'url': json_extract_string(content, '$.url'),
                'label': json_extract_string(content, '$.label'),
                'roles': json_extract_string(content, '$.roles[*]')
            }
        ELSE {'url': content, 'label': NULL::VARCHAR, 'roles': []::VARCHAR[]}
    END;

-- Images from a list of URLs, or of JSON objects with one; an element that is NULL or looks empty is no image.
CREATE OR REPLACE MACRO images_at(urls) AS list_transform(filled_list(urls), lambda item: image_of(item));

-- Images from text: a JSON array of objects, of URLs or of both, one JSON object, or one URL. Most arrays of objects hold nothing else.
CREATE OR REPLACE MACRO images_of(content) AS
    CASE
        WHEN content LIKE '[{%' AND NOT regexp_matches(content, '}\s*,\s*[^{\s]')
            THEN TRY(from_json(content, '[{"url":"VARCHAR","label":"VARCHAR","roles":["VARCHAR"]}]'))
        WHEN content LIKE '{%' THEN TRY(from_json('[' || content || ']', '[{"url":"VARCHAR","label":"VARCHAR","roles":["VARCHAR"]}]'))
        WHEN content LIKE '[%' THEN images_at(TRY(from_json(content, '["VARCHAR"]')))
        WHEN content IS NOT NULL THEN images_at([content])
    END;

-- A list none of whose elements is NULL, or NULL.
CREATE OR REPLACE MACRO whole_list(listed) AS CASE WHEN list_count(listed) = len(listed) THEN listed END;

-- Images in their order, the roles of each sorted, without elements that are NULL; NULL where one has no URL, or a part of it is a JSON object or array.
CREATE OR REPLACE MACRO settled_images(images) AS
    whole_list(
        list_transform(
            list_filter(images, lambda item: item IS NOT NULL),
            lambda item:
                CASE
                    WHEN item.url IS NOT NULL AND flat_list(list_concat([item.url, item.label], item.roles)) IS NOT NULL
                        THEN {'url': item.url, 'label': item.label, 'roles': coalesce(list_sort(item.roles), []::VARCHAR[])}
                END
        )
    );

-- A record as text: as it is, or a row of fields as JSON.
CREATE OR REPLACE MACRO record_text(content) AS
    CASE WHEN typeof(content) = 'VARCHAR' THEN content::VARCHAR ELSE to_json(content)::VARCHAR END;

-- An attribute's values from text: a JSON array's elements, or the text itself; text that looks empty is no value.
CREATE OR REPLACE MACRO values_of(content) AS
    CASE
        WHEN content IS NULL OR looks_empty(content) THEN []::VARCHAR[]
        WHEN content LIKE '[%' THEN list_filter(coalesce(TRY(from_json(content, '["VARCHAR"]')), [content]), lambda item: NOT looks_empty(item))
        ELSE [content]
    END;
