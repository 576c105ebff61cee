-- One row per record in quarantine, with the kind of its reason: its sentence with what differs from record to record left out.
-- Left out are the value that a column could not be (from "is" to the words that say why), places in files, and numbers. Reads quarantined.
SELECT
    sku,
    name,
    code,
    sentence,
    run,
    CASE
        WHEN code IN ('bad-value', 'unknown-status', 'bad-time') THEN regexp_replace(sentence, '(?s)^(\w+) is .*(, which is |, which has |; known are )', '\1 is …\2')
        WHEN code = 'unreadable' THEN regexp_replace(regexp_replace(sentence, '(?s)^(Line|Row) [\d,]+ of .*?: ', '\1 … of …: '), '\d[\d,]*', '…', 'g')
        ELSE sentence
    END AS reason
FROM quarantined
