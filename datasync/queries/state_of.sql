-- One macro a statement: the state of a product in a service, and the conditions that it is made of.
-- Reads a product's hash (wanted; NULL: not in the catalog), the words of the rule that excludes it, its row of the receipts (NULLs: none), and the fingerprint of the service's settings.

-- Whether the service refused this very version under these settings: it is not delivered again.
CREATE OR REPLACE MACRO is_refused(wanted, receipt, fingerprint) AS
    coalesce(receipt.outcome = 'rejected' AND receipt.hash = wanted AND receipt.settings = fingerprint, false);

-- Whether the last try of this version got no answer.
CREATE OR REPLACE MACRO is_unanswered(wanted, receipt) AS
    coalesce(receipt.outcome = 'failed' AND receipt.hash = wanted, false);

-- Whether the service surely holds this version, and nobody marked it to be delivered again.
CREATE OR REPLACE MACRO is_held_surely(wanted, receipt) AS
    coalesce(receipt.held_hash = wanted AND NOT receipt.perhaps_held AND receipt.outcome <> 'marked', false);

-- Whether the product has to leave the service, which holds or perhaps holds it and has not refused the removal.
CREATE OR REPLACE MACRO is_removal_due(wanted, exclusion_reason, receipt, fingerprint) AS
    (wanted IS NULL OR exclusion_reason IS NOT NULL)
    AND (receipt.held_hash IS NOT NULL OR coalesce(receipt.perhaps_held, false))
    AND NOT coalesce(
        receipt.outcome = 'rejected' AND receipt.operation = 'removed' AND receipt.settings = fingerprint, false
    );

-- The state. `is_known`: the version held is the catalog's or an earlier one of the catalog log. Outside the catalog: orphaned (held), removed, or gone (it may have arrived before it left the catalog).
-- 'unexplained' is a catalog product whose receipt fits no state: it is damaged. states.sql counts the states a second time, by other conditions, so that a mistake here shows as a gap.
CREATE OR REPLACE MACRO state_of(wanted, exclusion_reason, receipt, is_known, fingerprint) AS
    CASE
        WHEN wanted IS NULL AND receipt.held_hash IS NOT NULL THEN 'orphaned'
        WHEN wanted IS NULL AND receipt.received_as = 'removed' THEN 'removed'
        WHEN wanted IS NULL THEN 'gone'
        WHEN exclusion_reason IS NOT NULL THEN 'excluded'
        WHEN is_refused(wanted, receipt, fingerprint) THEN 'rejected'
        WHEN is_unanswered(wanted, receipt) THEN 'failed'
        WHEN is_held_surely(wanted, receipt) AND receipt.outcome IN ('received', 'rejected') AND receipt.received_at IS NOT NULL
            THEN 'current'
        WHEN receipt.held_hash = wanted AND (receipt.perhaps_held OR receipt.outcome = 'marked')
            AND receipt.outcome IN ('rejected', 'failed', 'marked', 'sent')
            THEN 'stale'
        WHEN receipt.held_hash <> wanted AND is_known AND receipt.outcome IN ('received', 'rejected', 'failed', 'marked', 'sent')
            THEN 'stale'
        WHEN receipt.sku IS NULL
            OR (receipt.held_hash IS NULL AND receipt.outcome IN ('removed', 'rejected', 'failed', 'marked', 'sent'))
            THEN 'missing'
        ELSE 'unexplained'
    END;
