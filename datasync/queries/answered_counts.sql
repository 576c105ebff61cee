-- One row: the products of a batch, and their answers, taken ones by operation, others by outcome; how many are perhaps held; and how many more products are held after it.
-- Reads answered.
SELECT
    count(*) AS products,
    count(*) FILTER (is_taken AND operation = 'added') AS added,
    count(*) FILTER (is_taken AND operation = 'updated') AS updated,
    count(*) FILTER (is_taken AND operation = 'resent') AS resent,
    count(*) FILTER (is_taken AND operation = 'removed') AS removed,
    count(*) FILTER (outcome = 'rejected') AS rejected,
    count(*) FILTER (outcome = 'failed') AS failed,
    count(*) FILTER (perhaps_held) AS perhaps,
    count(held_hash) - count(held_before) AS more_held
FROM answered
