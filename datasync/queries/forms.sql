-- One macro a statement: amounts, times and lists of URLs as people and shop systems write them, as plain values for maps.

-- Text with one kind of blank, apostrophe and minus.
CREATE OR REPLACE MACRO plain_signs(content) AS
    regexp_replace(regexp_replace(regexp_replace(content, '[\s\p{Zs}]+', ' ', 'g'), '[\x{2019}\x{02BC}\x{00B4}`]', '''', 'g'), '\p{Pd}|\x{2212}', '-', 'g');

-- A currency's code from its code or its sign, in small letters; NULL where it is neither, or several currencies share it.
CREATE OR REPLACE MACRO currency_code(sign) AS
    CASE
        WHEN sign IN (
            'aed', 'afn', 'all', 'amd', 'aoa', 'ars', 'aud', 'awg', 'azn', 'bam', 'bbd', 'bdt', 'bgn', 'bhd', 'bif', 'bmd', 'bnd', 'bob', 'brl', 'bsd', 'btn', 'bwp',
            'byn', 'bzd', 'cad', 'cdf', 'chf', 'clp', 'cny', 'cop', 'crc', 'cup', 'cve', 'czk', 'djf', 'dkk', 'dop', 'dzd', 'egp', 'ern', 'etb', 'eur', 'fjd', 'fkp',
            'gbp', 'gel', 'ghs', 'gip', 'gmd', 'gnf', 'gtq', 'gyd', 'hkd', 'hnl', 'htg', 'huf', 'idr', 'ils', 'inr', 'iqd', 'irr', 'isk', 'jmd', 'jod', 'jpy', 'kes',
            'kgs', 'khr', 'kmf', 'kpw', 'krw', 'kwd', 'kyd', 'kzt', 'lak', 'lbp', 'lkr', 'lrd', 'lsl', 'lyd', 'mad', 'mdl', 'mga', 'mkd', 'mmk', 'mnt', 'mop', 'mru',
            'mur', 'mvr', 'mwk', 'mxn', 'myr', 'mzn', 'nad', 'ngn', 'nio', 'nok', 'npr', 'nzd', 'omr', 'pab', 'pen', 'pgk', 'php', 'pkr', 'pln', 'pyg', 'qar', 'ron',
            'rsd', 'rub', 'rwf', 'sar', 'sbd', 'scr', 'sdg', 'sek', 'sgd', 'shp', 'sle', 'sos', 'srd', 'ssp', 'stn', 'svc', 'syp', 'szl', 'thb', 'tjs', 'tmt', 'tnd',
            'top', 'try', 'ttd', 'twd', 'tzs', 'uah', 'ugx', 'usd', 'uyu', 'uzs', 'ves', 'vnd', 'vuv', 'wst', 'xaf', 'xcd', 'xof', 'xpf', 'yer', 'zar', 'zmw', 'zwg'
        ) THEN upper(sign)
        ELSE CASE sign
            WHEN '€' THEN 'EUR' WHEN '£' THEN 'GBP' WHEN 'sfr' THEN 'CHF' WHEN 'sfr.' THEN 'CHF' WHEN 'zł' THEN 'PLN' WHEN 'zl' THEN 'PLN' WHEN 'kč' THEN 'CZK'
            WHEN 'ft' THEN 'HUF' WHEN 'lei' THEN 'RON' WHEN 'лв' THEN 'BGN' WHEN 'лв.' THEN 'BGN' WHEN '₽' THEN 'RUB' WHEN 'руб' THEN 'RUB' WHEN 'руб.' THEN 'RUB'
            WHEN '₺' THEN 'TRY' WHEN 'tl' THEN 'TRY' WHEN '₴' THEN 'UAH' WHEN '₪' THEN 'ILS' WHEN '₹' THEN 'INR' WHEN '₩' THEN 'KRW' WHEN '₫' THEN 'VND'
            WHEN '฿' THEN 'THB' WHEN '₦' THEN 'NGN' WHEN '₱' THEN 'PHP' WHEN 'rp' THEN 'IDR' WHEN 'rm' THEN 'MYR' WHEN 'r$' THEN 'BRL' WHEN 'us$' THEN 'USD'
            WHEN 'a$' THEN 'AUD' WHEN 'au$' THEN 'AUD' WHEN 'c$' THEN 'CAD' WHEN 'ca$' THEN 'CAD' WHEN 'hk$' THEN 'HKD' WHEN 'mx$' THEN 'MXN' WHEN 'nt$' THEN 'TWD'
            WHEN 'nz$' THEN 'NZD' WHEN 's$' THEN 'SGD'
        END
    END;

-- Whether a sign in small letters stands for a currency, or is none at all.
CREATE OR REPLACE MACRO is_currency(sign) AS
    sign IN ('', '$', '¥', 'kr', 'kr.', 'fr', 'fr.', 'rs', 'rs.', 'din', 'din.') OR currency_code(sign) IS NOT NULL;

-- An amount in its parts: brackets, signs, currencies and digits; all of them empty where it is none.
CREATE OR REPLACE MACRO amount_parts(content) AS
    regexp_extract(
        plain_signs(content),
        '^ ?(\()? ?([-+])? ?(\p{Sc}|\p{L}{1,4}[.]?\p{Sc}?)? ?([-+])? ?((?:[0-9][0-9., '']*)?[0-9]|[.,][0-9]+)(?:[.,]-{1,2})? ?(\p{Sc}|\p{L}{1,4}[.]?\p{Sc}?)? ?(-)? ?(\))? ?$',
        ['opens', 'sign', 'before', 'inner', 'digits', 'after', 'trailing', 'closes']
    );

-- The number in an amount's parts by one decimal sign, as plain text; NULL where it is written otherwise, has two signs, or stands beside what is no currency.
CREATE OR REPLACE MACRO parts_number(parts, written, grouping) AS
    CASE
        WHEN regexp_full_match(nullif(parts.digits, ''), written) AND is_currency(lower(parts.before)) AND is_currency(lower(parts.after))
            THEN CASE replace(parts.opens || parts.closes, '()', '-') || parts.sign || parts.inner || parts.trailing
                WHEN '' THEN '' WHEN '+' THEN '' WHEN '-' THEN '-'
            END || replace(translate(parts.digits, grouping, ''), ',', '.')
    END;

-- A number in its two readings, with the comma and with the point as the decimal sign. India groups digits by two above the thousands.
CREATE OR REPLACE MACRO readings(content) AS
    list_transform(
        [amount_parts(content)],
        lambda parts: {
            'comma': parts_number(parts, '(?:[0-9]+|[1-9][0-9]{0,2}(?:(?:[.][0-9]{3})+|(?:''[0-9]{3})+|(?: [0-9]{3})+))?(?:,[0-9]+)?', '. '''),
            'point': parts_number(parts, '(?:[0-9]+|[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?:''[0-9]{3})+|(?: [0-9]{3})+)|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})?(?:[.][0-9]+)?', ', ''')
        }
    )[1];

-- The number in a text by its readings and the decimal sign, or the text with a word on why it is none.
CREATE OR REPLACE MACRO number_in(content, read_as, mark) AS
    list_transform(
        [read_as],
        lambda read: CASE
            WHEN mark = ',' THEN coalesce(read.comma, content || ' (not written like 1.299,00)')
            WHEN mark = '.' THEN coalesce(read.point, content || ' (not written like 1,299.00)')
            WHEN mark IS NOT NULL THEN content || ' (its decimal sign is a comma or a point)'
            WHEN try_cast(read.comma AS DOUBLE) <> try_cast(read.point AS DOUBLE) THEN content || ' (' || read.comma || ' or ' || read.point || '?)'
            ELSE coalesce(read.comma, read.point, content || ' (not a number)')
        END
    )[1];

-- The number in a text like `1.299,00 €`, as plain text; `mark` is its decimal sign. Without one, what has one reading only is read.
-- Any other text comes back with a word on why it is no number, so that nothing takes it for one. The most usual forms are known by sight.
CREATE OR REPLACE MACRO number_of(content, mark := NULL) AS
    CASE
        WHEN trimmed(content) IS NULL THEN NULL
        WHEN mark = ',' AND regexp_full_match(content, '(?:[0-9]+|[1-9][0-9]{0,2}(?:[.][0-9]{3})+),[0-9]+(?:[ \x{A0}]?(?:€|EUR|zł|kr))?')
            THEN replace(translate(content, '. €EURzłkr' || chr(160), ''), ',', '.')
        WHEN mark = '.' AND regexp_full_match(content, '[$€£]?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)[.][0-9]+(?: ?(?:EUR|USD|GBP|CHF))?')
            THEN translate(content, ', $€£EURUSDGBPCHF', '')
        ELSE number_in(content, readings(content), mark)
    END;

-- The currency of an amount, or of a text that is nothing but a code or a sign; NULL where there is none, or a sign that several currencies share.
CREATE OR REPLACE MACRO currency_of(content) AS
    CASE
        WHEN ends_with(content, ' €') OR ends_with(content, ' EUR') THEN 'EUR'
        WHEN length(trim(content)) <= 4 AND NOT regexp_matches(content, '[0-9]') THEN currency_code(lower(trim(content)))
        ELSE list_transform([amount_parts(content)], lambda parts: coalesce(currency_code(lower(parts.before)), currency_code(lower(parts.after))))[1]
    END;

-- A time written in a form of strptime, or in one of a list of them, as plain text, with an offset if the form has one. Any other text comes back with a word, so that nothing takes it for a time.
CREATE OR REPLACE MACRO moment_of(content, form) AS
    CASE
        WHEN trimmed(content) IS NULL THEN NULL
        WHEN year(try_strptime(trim(regexp_replace(content, '[\s\p{Zs}]+', ' ', 'g')), form)) BETWEEN 1900 AND 2199 THEN try_strptime(trim(regexp_replace(content, '[\s\p{Zs}]+', ' ', 'g')), form)::VARCHAR
        ELSE content || ' (not written like ' || to_json(form)::VARCHAR || ')'
    END;

-- URLs from one text that holds several, set apart by commas, semicolons, bars or blanks.
CREATE OR REPLACE MACRO urls_of(content) AS
    list_filter(string_split(regexp_replace(content, '[\s,;|]+(https?://)', chr(10) || '\1', 'g'), chr(10)), lambda item: trim(item) <> '');
