-- The macros for texts of a document: how a row shard holds one, and what a search compares of it.
-- A line escapes its backslashes and line breaks; `\-` is no text. In what is searched, control characters are blanks.
CREATE OR REPLACE MACRO page_line(words) AS
    CASE
        WHEN words IS NULL THEN '\-'
        WHEN contains(words, '\') OR contains(words, chr(10)) THEN replace(replace(words, '\', '\\'), chr(10), '\n')
        ELSE words
    END || chr(10);

CREATE OR REPLACE MACRO page_searched(words) AS
    CASE
        WHEN regexp_matches(words, '[\x01-\x1f]') THEN regexp_replace(words, '[\x01-\x1f]', ' ', 'g')
        ELSE words
    END;
