-- One row per facet of a base, with its number.
-- Reads four parameters: the types, visibilities, stocks and reasons of $size facets, a list each.
SELECT
    unnest(?::VARCHAR[]) AS type,
    unnest(?::VARCHAR[][]) AS visible_in,
    unnest(?::VARCHAR[]) AS stock,
    unnest(?::VARCHAR[]) AS reason,
    unnest(range($size)) AS facet
