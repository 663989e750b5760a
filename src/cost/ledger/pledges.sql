-- What is reserved at present, summed up as `tallies` sums up what was spent, so that a call is measured by a few rows however many are under way:
-- reading four hundred reservations took longer than all else that a call asks of the ledger, and every other process waited meanwhile.
CREATE TABLE pledges (
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
INSERT INTO pledges
SELECT day, cost_currency, provider, requested_model, coalesce(key_label, ''), feature, coalesce(workspace, ''),
    coalesce(json_extract(tags, '$.environment'), ''), CAST(total(cost_nanos) AS INTEGER)
FROM reservations GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO pledges
SELECT started_us / 3600000000, cost_currency, provider, requested_model, coalesce(key_label, ''), feature, coalesce(workspace, ''),
    coalesce(json_extract(tags, '$.environment'), ''), CAST(total(cost_nanos) AS INTEGER)
FROM reservations GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
CREATE TRIGGER reservations_pledged AFTER INSERT ON reservations BEGIN
    INSERT INTO pledges VALUES
        (new.day, new.cost_currency, new.provider, new.requested_model, coalesce(new.key_label, ''), new.feature,
            coalesce(new.workspace, ''), coalesce(json_extract(new.tags, '$.environment'), ''), new.cost_nanos),
        (new.started_us / 3600000000, new.cost_currency, new.provider, new.requested_model, coalesce(new.key_label, ''), new.feature,
            coalesce(new.workspace, ''), coalesce(json_extract(new.tags, '$.environment'), ''), new.cost_nanos)
    ON CONFLICT DO UPDATE SET nanos = CAST(nanos + excluded.nanos AS INTEGER);
END;
CREATE TRIGGER reservations_redeemed AFTER DELETE ON reservations BEGIN
    INSERT INTO pledges VALUES
        (old.day, old.cost_currency, old.provider, old.requested_model, coalesce(old.key_label, ''), old.feature,
            coalesce(old.workspace, ''), coalesce(json_extract(old.tags, '$.environment'), ''), -old.cost_nanos),
        (old.started_us / 3600000000, old.cost_currency, old.provider, old.requested_model, coalesce(old.key_label, ''), old.feature,
            coalesce(old.workspace, ''), coalesce(json_extract(old.tags, '$.environment'), ''), -old.cost_nanos)
    ON CONFLICT DO UPDATE SET nanos = CAST(nanos + excluded.nanos AS INTEGER);
    DELETE FROM pledges WHERE span IN (old.day, old.started_us / 3600000000) AND nanos = 0;
END;
