-- One row: how many of a source's pulls failed since the last one that did not. Reads tries (these pulls, and that one).
SELECT count(*) AS failures
FROM tries
WHERE outcome = 'failed'
