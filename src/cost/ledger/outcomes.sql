-- What became of suggestions, and sums for reports.
--
-- `suggestions` holds the fate of each suggestion that a call has paid for: 1 shown, 2 rejected, 3 partly accepted, 4 accepted. It may be
-- told before its call is settled, hence no foreign key. A number of characters that was never looked for is NULL.
CREATE TABLE suggestions (
    call TEXT NOT NULL,
    number INTEGER NOT NULL,
    fate INTEGER NOT NULL,
    accepted_chars INTEGER NOT NULL,
    kept_30s_chars INTEGER,
    kept_5min_chars INTEGER,
    PRIMARY KEY (call, number)
) STRICT, WITHOUT ROWID;

-- The same, summed up by call. `fate` is the best of its suggestions' fates, 'unseen' where none was shown, and NULL where nothing is known,
-- as of calls from before this was written down. `retained_chars` is what was left at the last look.
ALTER TABLE calls ADD COLUMN fate TEXT;
ALTER TABLE calls ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN accepted_chars INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN kept_30s_chars INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN kept_5min_chars INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN retained_chars INTEGER NOT NULL DEFAULT 0;

-- Calls from before this time were forgotten, as the setting for it says; their sums stay.
CREATE TABLE forgotten (before_us INTEGER NOT NULL) STRICT;
INSERT INTO forgotten VALUES (-9223372036854775808);

-- The sums of each day by everything that a report can be grouped by, kept by triggers as those of `days` are. What is not known is ''.
CREATE TABLE sums (
    day INTEGER NOT NULL,
    provider TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    served_model TEXT NOT NULL,
    key_label TEXT NOT NULL,
    payer TEXT NOT NULL,
    feature TEXT NOT NULL,
    action TEXT NOT NULL,
    language TEXT NOT NULL,
    workspace TEXT NOT NULL,
    branch TEXT NOT NULL,
    tags TEXT NOT NULL,
    outcome TEXT NOT NULL,
    fate TEXT NOT NULL,
    currency TEXT NOT NULL,
    source TEXT NOT NULL,
    calls INTEGER NOT NULL,
    nanos INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_5m_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    accepted_chars INTEGER NOT NULL,
    retained_chars INTEGER NOT NULL,
    PRIMARY KEY (day, provider, requested_model, served_model, key_label, payer, feature, action, language, workspace, branch, tags,
        outcome, fate, currency, source)
) STRICT, WITHOUT ROWID;

-- What a call adds to its sums (`sign` 1) or takes from them (-1). Writing to this view does so: a row may be copied from it onto itself.
CREATE VIEW addends AS
SELECT seq, sign,
    day, provider, requested_model, coalesce(served_model, '') AS served_model, coalesce(key_label, '') AS key_label, payer,
    feature, coalesce(action, '') AS action, coalesce(language, '') AS language, coalesce(workspace, '') AS workspace,
    coalesce(branch, '') AS branch, coalesce(tags, '') AS tags, outcome, coalesce(fate, '') AS fate,
    coalesce(cost_currency, '') AS currency, cost_source AS source, coalesce(cost_nanos, 0) AS nanos, input_tokens,
    cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, shown, accepted,
    accepted_chars, retained_chars
FROM calls, (SELECT 1 AS sign UNION ALL SELECT -1);
CREATE TRIGGER sums_changed INSTEAD OF INSERT ON addends BEGIN
    INSERT INTO sums VALUES (
        new.day, new.provider, new.requested_model, new.served_model, new.key_label, new.payer, new.feature, new.action,
        new.language, new.workspace, new.branch, new.tags, new.outcome, new.fate, new.currency, new.source, new.sign,
        new.sign * new.nanos, new.sign * new.input_tokens, new.sign * new.cache_read_tokens,
        new.sign * new.cache_write_5m_tokens, new.sign * new.cache_write_1h_tokens, new.sign * new.output_tokens,
        new.sign * new.reasoning_tokens, new.sign * new.shown, new.sign * new.accepted, new.sign * new.accepted_chars,
        new.sign * new.retained_chars)
    ON CONFLICT DO UPDATE SET
        calls = calls + excluded.calls, nanos = CAST(nanos + excluded.nanos AS INTEGER),
        input_tokens = CAST(input_tokens + excluded.input_tokens AS INTEGER),
        cache_read_tokens = CAST(cache_read_tokens + excluded.cache_read_tokens AS INTEGER),
        cache_write_5m_tokens = CAST(cache_write_5m_tokens + excluded.cache_write_5m_tokens AS INTEGER),
        cache_write_1h_tokens = CAST(cache_write_1h_tokens + excluded.cache_write_1h_tokens AS INTEGER),
        output_tokens = CAST(output_tokens + excluded.output_tokens AS INTEGER),
        reasoning_tokens = CAST(reasoning_tokens + excluded.reasoning_tokens AS INTEGER),
        shown = CAST(shown + excluded.shown AS INTEGER), accepted = CAST(accepted + excluded.accepted AS INTEGER),
        accepted_chars = CAST(accepted_chars + excluded.accepted_chars AS INTEGER),
        retained_chars = CAST(retained_chars + excluded.retained_chars AS INTEGER);
END;
INSERT INTO addends SELECT * FROM addends WHERE sign = 1;

CREATE TRIGGER sums_added AFTER INSERT ON calls BEGIN
    INSERT INTO addends SELECT * FROM addends WHERE seq = new.seq AND sign = 1;
END;
CREATE TRIGGER sums_before_correction BEFORE UPDATE ON calls WHEN old.started_us >= (SELECT before_us FROM forgotten) BEGIN
    INSERT INTO addends SELECT * FROM addends WHERE seq = old.seq AND sign = -1;
END;
CREATE TRIGGER sums_after_correction AFTER UPDATE ON calls WHEN old.started_us >= (SELECT before_us FROM forgotten) BEGIN
    INSERT INTO addends SELECT * FROM addends WHERE seq = new.seq AND sign = 1;
END;
CREATE TRIGGER sums_removed BEFORE DELETE ON calls WHEN old.started_us >= (SELECT before_us FROM forgotten) BEGIN
    INSERT INTO addends SELECT * FROM addends WHERE seq = old.seq AND sign = -1;
END;

-- Forgetting a call takes its suggestions with it, and leaves the day's sum as it was.
DROP TRIGGER calls_removed;
CREATE TRIGGER calls_removed AFTER DELETE ON calls WHEN old.started_us >= (SELECT before_us FROM forgotten) BEGIN
    UPDATE days SET calls = calls - 1, nanos = CAST(nanos - coalesce(old.cost_nanos, 0) AS INTEGER)
    WHERE day = old.day AND currency = coalesce(old.cost_currency, '');
END;
CREATE TRIGGER suggestions_forgotten AFTER DELETE ON calls BEGIN
    DELETE FROM suggestions WHERE call = old.id;
END;
