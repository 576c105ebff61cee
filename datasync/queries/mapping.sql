-- One macro a statement: how a mapped value becomes a product's column.

-- Text without what cannot be seen around it, NULL where nothing is left. Looking first is several times as fast as trimming all.
CREATE OR REPLACE MACRO trimmed(given) AS
    CASE
        WHEN given >= '!' AND given < chr(127) AND NOT contains(signs_around(), given[-1]) THEN given
        WHEN looks_empty(given) THEN NULL
        WHEN NOT contains(signs_around(), given[1]) AND NOT contains(signs_around(), given[-1]) THEN given
        ELSE regexp_replace(regexp_replace(given, '^' || around() || '+', ''), around() || '+$', '')
    END;

-- Whether text is a decimal number in plain or scientific notation: no group signs, no NaN, no digits but 0 to 9.
CREATE OR REPLACE MACRO is_number(given) AS regexp_full_match(given, '[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?');

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
CREATE OR REPLACE MACRO price_of(given) AS
    CASE
        WHEN NOT is_number(given) THEN NULL
        WHEN strlen(given) <= 20 AND NOT contains(given, 'e') AND NOT contains(given, 'E') THEN TRY_CAST(given AS DECIMAL(38, 20))
        WHEN decimals_of(regexp_extract(given, '([0-9]*)[.]?([0-9]*)(?:[eE]([+-]?[0-9]+))?$', ['whole', 'fraction', 'power'])) <= 20
            THEN within_38_digits(TRY_CAST(given AS DECIMAL(38, 20)))
    END;

-- A list from text: a JSON array, or values separated by commas; NULL where it is neither. Most lists have nothing that could be trimmed.
CREATE OR REPLACE MACRO list_of(given) AS
    CASE
        WHEN given LIKE '[%' THEN TRY(from_json(given, '["VARCHAR"]'))
        WHEN NOT regexp_matches(given, '(?:^|,)(?:' || unseen() || '|,|$)|' || unseen() || '(?:,|$)') THEN string_split(given, ',')
        ELSE list_filter(list_transform(string_split(given, ','), lambda one: trimmed(one)), lambda one: one IS NOT NULL)
    END;

-- A list whose order means nothing, sorted, without what is NULL in it.
CREATE OR REPLACE MACRO settled_list(listed) AS
    list_sort(CASE WHEN list_count(listed) = len(listed) THEN listed ELSE list_filter(listed, lambda one: one IS NOT NULL) END);

-- Where a product can be seen, from a list; `none` is nowhere; NULL where the list names another place. The usual lists are known by sight.
CREATE OR REPLACE MACRO places_of(listed) AS
    CASE
        WHEN listed IN (['catalog', 'search'], ['catalog'], ['search']) THEN listed
        WHEN len(list_filter(listed, lambda one: coalesce(lower(trimmed(one)), '') NOT IN ('catalog', 'search', 'none'))) = 0
            THEN list_sort(list_distinct(list_filter(list_transform(listed, lambda one: lower(trimmed(one))), lambda one: one <> 'none')))
    END;

-- Where a product can be seen, from text; the most usual one is known by sight.
CREATE OR REPLACE MACRO places_in(given) AS
    CASE WHEN given = '["catalog","search"]' THEN ['catalog', 'search'] ELSE places_of(list_of(given)) END;

-- A status, or NULL where it is none.
CREATE OR REPLACE MACRO status_of(given) AS CASE WHEN lower(given) IN ('enabled', 'disabled') THEN lower(given) END;

-- A stock status, or NULL where it is none.
CREATE OR REPLACE MACRO stock_of(given) AS
    CASE WHEN lower(given) IN ('in-stock', 'low-stock', 'out-of-stock', 'unknown') THEN lower(given) END;

-- A time that calendars and every reader of Parquet have, or NULL.
CREATE OR REPLACE MACRO time_of(given) AS
    CASE WHEN given BETWEEN TIMESTAMPTZ '0001-01-02 00:00:00+00' AND TIMESTAMPTZ '9999-12-30 00:00:00+00' THEN given END;

-- Whether a time in text says how far it is from UTC: an offset, a Z or the name of a zone stands behind its hours.
CREATE OR REPLACE MACRO has_offset(given) AS regexp_matches(given, ':[0-9.]+ ?[-+A-Za-z]');

-- A time from text or a local time: by its own offset, else in a zone. Of an hour that comes twice it is the second; one that is skipped counts on from the hour before it.
CREATE OR REPLACE MACRO time_in(given, zone) AS
    CASE WHEN has_offset(given::VARCHAR) THEN TRY_CAST(given AS TIMESTAMPTZ) ELSE TRY(timezone(zone, TRY_CAST(given AS TIMESTAMP))) END;

-- Images from a list of URLs.
CREATE OR REPLACE MACRO images_at(urls) AS
    list_transform(urls, lambda one: {'url': one, 'label': NULL::VARCHAR, 'roles': []::VARCHAR[]});

-- Images from text: a JSON array of objects or of URLs, one JSON object, or one URL.
CREATE OR REPLACE MACRO images_of(given) AS
    CASE
        WHEN given LIKE '[{%' THEN TRY(from_json(given, '[{"url":"VARCHAR","label":"VARCHAR","roles":["VARCHAR"]}]'))
        WHEN given LIKE '{%' THEN TRY(from_json('[' || given || ']', '[{"url":"VARCHAR","label":"VARCHAR","roles":["VARCHAR"]}]'))
        WHEN given LIKE '[%' AND TRY(json_type(given, '$[0]')) = 'OBJECT'
            THEN TRY(from_json(given, '[{"url":"VARCHAR","label":"VARCHAR","roles":["VARCHAR"]}]'))
        WHEN given LIKE '[%' THEN images_at(TRY(from_json(given, '["VARCHAR"]')))
        ELSE images_at([given])
    END;

-- A list none of whose elements is NULL, or NULL.
CREATE OR REPLACE MACRO whole_list(listed) AS CASE WHEN list_count(listed) = len(listed) THEN listed END;

-- Images in their order, the roles of each sorted; NULL where one has no URL.
CREATE OR REPLACE MACRO settled_images(images) AS
    whole_list(
        list_transform(
            images,
            lambda one:
                CASE
                    WHEN one.url IS NOT NULL
                        THEN {'url': one.url, 'label': one.label, 'roles': coalesce(list_sort(one.roles), []::VARCHAR[])}
                END
        )
    );

-- A record as text: as it is, or a row of fields as JSON.
CREATE OR REPLACE MACRO record_text(given) AS
    CASE WHEN typeof(given) = 'VARCHAR' THEN given::VARCHAR ELSE to_json(given)::VARCHAR END;

-- An attribute's values from text: a JSON array's elements, or the text itself; text that looks empty is no value.
CREATE OR REPLACE MACRO values_of(given) AS
    CASE
        WHEN given IS NULL OR looks_empty(given) THEN []::VARCHAR[]
        WHEN given LIKE '[%' THEN list_filter(coalesce(TRY(from_json(given, '["VARCHAR"]')), [given]), lambda one: NOT looks_empty(one))
        ELSE [given]
    END;
