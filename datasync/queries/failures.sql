-- One row: how many of a source's pulls failed since the last one that did not. Reads tries (when each pull's run started, and its outcome).
SELECT count(*) AS failures
FROM tries
WHERE outcome = 'failed' AND started_at > coalesce((SELECT max(started_at) FROM tries WHERE outcome <> 'failed'), '-infinity'::TIMESTAMPTZ)
