-- One row per document of an answer to `_search` or `_mget` that is there and not removed.
-- A document that somebody wrote since has another version than the one that we wrote into it, so its hash says nothing.
-- Reads $response, the JSON of that answer; $scope is a literal.
WITH documents AS (
    SELECT unnest(from_json(
        $response,
        '[{"_id": "VARCHAR", "_version": "BIGINT", "found": "BOOLEAN", "_source": {"removed": "BOOLEAN", "datasync": {"scope": "VARCHAR", "hash": "VARCHAR", "version": "BIGINT"}}}]'
    )) AS d
)
SELECT
    d._id AS sku,
    CASE WHEN d._version = d._source.datasync.version THEN d._source.datasync.hash END AS hash,
    d._version AS version,
    d._source.datasync.scope IS NOT DISTINCT FROM $scope AND d._source.datasync.hash IS NOT NULL AS is_ours
FROM documents
WHERE coalesce(d.found, true) AND NOT coalesce(d._source.removed, false)
