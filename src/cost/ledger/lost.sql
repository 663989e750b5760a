-- When a damaged ledger was moved aside and where it lies, until the user says that caps may count from zero: what was spent before in the same
-- span of a cap is not known.
CREATE TABLE lost (
    at_us INTEGER NOT NULL,
    day INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    aside TEXT NOT NULL
) STRICT;
