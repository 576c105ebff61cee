-- One row per row of some CSV files that DuckDB passed over: its file and line, its text, a sentence, and whether it is blank.
-- Reads DuckDB's rejected rows, joined with the paths of their files, and the lines that these rows have in the files as they came.
SELECT DISTINCT ON (file_path, line)
    $place AS _place,
    _line,
    ltrim(csv_line, chr(13) || chr(10)) AS record,
    'Line ' || format('{:,}', _line) || ' of ' || $place || $cells AS sentence,
    $is_blank AS is_blank
FROM $rejected JOIN $lines USING (file_path, line)
