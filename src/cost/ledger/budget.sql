-- What budgets need.
--
-- `tallies` are the sums that caps are measured by, of each local day and of each hour since 1970 (the two kinds of numbers do not meet). They
-- are kept by triggers, as those of `days` are, and have no more in them than the scopes of caps ask for, so that a month is a few rows; what
-- costs nothing is not in them.
CREATE TABLE tallies (
    span INTEGER NOT NULL,
    currency TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    key_label TEXT NOT NULL,
    feature TEXT NOT NULL,
    workspace TEXT NOT NULL,
    environment TEXT NOT NULL,
    nanos INTEGER NOT NULL,
    PRIMARY KEY (span, currency, provider, model, key_label, feature, workspace, environment)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies
SELECT day, cost_currency, provider, requested_model, coalesce(key_label, ''), feature, coalesce(workspace, ''),
    coalesce(json_extract(tags, '$.environment'), ''), CAST(total(cost_nanos) AS INTEGER)
FROM calls WHERE cost_nanos <> 0 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO tallies
SELECT started_us / 3600000000, cost_currency, provider, requested_model, coalesce(key_label, ''), feature, coalesce(workspace, ''),
    coalesce(json_extract(tags, '$.environment'), ''), CAST(total(cost_nanos) AS INTEGER)
FROM calls WHERE cost_nanos <> 0 AND started_us > (SELECT max(started_us) FROM calls) - 7200000000 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
CREATE TRIGGER calls_tallied AFTER INSERT ON calls WHEN new.cost_nanos <> 0 BEGIN
    INSERT INTO tallies VALUES
        (new.day, new.cost_currency, new.provider, new.requested_model, coalesce(new.key_label, ''), new.feature,
            coalesce(new.workspace, ''), coalesce(json_extract(new.tags, '$.environment'), ''), new.cost_nanos),
        (new.started_us / 3600000000, new.cost_currency, new.provider, new.requested_model, coalesce(new.key_label, ''), new.feature,
            coalesce(new.workspace, ''), coalesce(json_extract(new.tags, '$.environment'), ''), new.cost_nanos)
    ON CONFLICT DO UPDATE SET nanos = CAST(nanos + excluded.nanos AS INTEGER);
END;
-- What is forgotten was spent all the same.
CREATE TRIGGER calls_untallied AFTER DELETE ON calls
WHEN old.cost_nanos <> 0 AND old.started_us >= (SELECT before_us FROM forgotten) BEGIN
    INSERT INTO tallies VALUES
        (old.day, old.cost_currency, old.provider, old.requested_model, coalesce(old.key_label, ''), old.feature,
            coalesce(old.workspace, ''), coalesce(json_extract(old.tags, '$.environment'), ''), -old.cost_nanos),
        (old.started_us / 3600000000, old.cost_currency, old.provider, old.requested_model, coalesce(old.key_label, ''), old.feature,
            coalesce(old.workspace, ''), coalesce(json_extract(old.tags, '$.environment'), ''), -old.cost_nanos)
    ON CONFLICT DO UPDATE SET nanos = CAST(nanos + excluded.nanos AS INTEGER);
END;
CREATE TRIGGER calls_retallied AFTER UPDATE OF day, cost_nanos, cost_currency ON calls BEGIN
    INSERT INTO tallies
    SELECT span, currency, old.provider, old.requested_model, coalesce(old.key_label, ''), old.feature, coalesce(old.workspace, ''),
        coalesce(json_extract(old.tags, '$.environment'), ''), nanos
    FROM (SELECT old.day AS span, old.cost_currency AS currency, -old.cost_nanos AS nanos
        UNION ALL SELECT old.started_us / 3600000000, old.cost_currency, -old.cost_nanos
        UNION ALL SELECT new.day, new.cost_currency, new.cost_nanos
        UNION ALL SELECT new.started_us / 3600000000, new.cost_currency, new.cost_nanos)
    WHERE nanos <> 0
    ON CONFLICT DO UPDATE SET nanos = CAST(nanos + excluded.nanos AS INTEGER);
END;

-- Calls under way, each with all that is needed to book it should its owner be gone.
CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    session TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    started_us INTEGER NOT NULL,
    day INTEGER NOT NULL,
    feature TEXT NOT NULL,
    action TEXT,
    language TEXT,
    workspace TEXT,
    branch TEXT,
    provider TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    key_label TEXT,
    payer TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    price TEXT,
    cost_nanos INTEGER NOT NULL,
    cost_currency TEXT NOT NULL,
    tags TEXT
) STRICT, WITHOUT ROWID;
