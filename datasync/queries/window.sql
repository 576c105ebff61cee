-- One row: SKUs whose last receipt is no older than the window: added, updated or resent (of which resent), and removed beside them.
SELECT
    count(*) FILTER (received_as IN ('added', 'updated', 'resent')) AS latest_update,
    count(*) FILTER (received_as = 'resent') AS resent_in_window,
    count(*) FILTER (received_as = 'removed') AS removed_in_window
FROM receipts
WHERE received_at >= $since
