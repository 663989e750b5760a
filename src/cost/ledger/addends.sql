-- The sums of each day, kept by triggers that name what they add. Those before copied it from a view of the calls, for which SQLite makes a table
-- of its own and throws it away again, with every call.
--
-- `addends` holds nothing: what is written to it is added to the sums, `sign` times. The columns are named by the view so that a trigger gives a
-- call's values alone.
DROP TRIGGER sums_added;
DROP TRIGGER sums_before_correction;
DROP TRIGGER sums_after_correction;
DROP TRIGGER sums_removed;
DROP VIEW addends;
CREATE VIEW addends AS
SELECT 1 AS sign,
    day, provider, requested_model, served_model, key_label, payer, feature, action, language, workspace, branch, tags, outcome, fate,
    currency, source, nanos, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens,
    reasoning_tokens, shown, accepted, accepted_chars, retained_chars
FROM sums;
CREATE TRIGGER sums_changed INSTEAD OF INSERT ON addends BEGIN
    INSERT INTO sums VALUES (
        new.day, new.provider, new.requested_model, new.served_model, new.key_label, new.payer, new.feature, new.action, new.language,
        new.workspace, new.branch, new.tags, new.outcome, new.fate, new.currency, new.source, new.sign, new.sign * new.nanos,
        new.sign * new.input_tokens, new.sign * new.cache_read_tokens, new.sign * new.cache_write_5m_tokens,
        new.sign * new.cache_write_1h_tokens, new.sign * new.output_tokens, new.sign * new.reasoning_tokens, new.sign * new.shown,
        new.sign * new.accepted, new.sign * new.accepted_chars, new.sign * new.retained_chars)
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

CREATE TRIGGER sums_added AFTER INSERT ON calls BEGIN
    INSERT INTO addends VALUES (
        1, new.day, new.provider, new.requested_model, coalesce(new.served_model, ''), coalesce(new.key_label, ''), new.payer, new.feature,
        coalesce(new.action, ''), coalesce(new.language, ''), coalesce(new.workspace, ''), coalesce(new.branch, ''), coalesce(new.tags, ''),
        new.outcome, coalesce(new.fate, ''), coalesce(new.cost_currency, ''), new.cost_source, coalesce(new.cost_nanos, 0), new.input_tokens,
        new.cache_read_tokens, new.cache_write_5m_tokens, new.cache_write_1h_tokens, new.output_tokens, new.reasoning_tokens, new.shown,
        new.accepted, new.accepted_chars, new.retained_chars);
END;
CREATE TRIGGER sums_corrected AFTER UPDATE ON calls WHEN old.started_us >= (SELECT before_us FROM forgotten) BEGIN
    INSERT INTO addends VALUES (
        -1, old.day, old.provider, old.requested_model, coalesce(old.served_model, ''), coalesce(old.key_label, ''), old.payer, old.feature,
        coalesce(old.action, ''), coalesce(old.language, ''), coalesce(old.workspace, ''), coalesce(old.branch, ''), coalesce(old.tags, ''),
        old.outcome, coalesce(old.fate, ''), coalesce(old.cost_currency, ''), old.cost_source, coalesce(old.cost_nanos, 0), old.input_tokens,
        old.cache_read_tokens, old.cache_write_5m_tokens, old.cache_write_1h_tokens, old.output_tokens, old.reasoning_tokens, old.shown,
        old.accepted, old.accepted_chars, old.retained_chars);
    INSERT INTO addends VALUES (
        1, new.day, new.provider, new.requested_model, coalesce(new.served_model, ''), coalesce(new.key_label, ''), new.payer, new.feature,
        coalesce(new.action, ''), coalesce(new.language, ''), coalesce(new.workspace, ''), coalesce(new.branch, ''), coalesce(new.tags, ''),
        new.outcome, coalesce(new.fate, ''), coalesce(new.cost_currency, ''), new.cost_source, coalesce(new.cost_nanos, 0), new.input_tokens,
        new.cache_read_tokens, new.cache_write_5m_tokens, new.cache_write_1h_tokens, new.output_tokens, new.reasoning_tokens, new.shown,
        new.accepted, new.accepted_chars, new.retained_chars);
END;
CREATE TRIGGER sums_removed AFTER DELETE ON calls WHEN old.started_us >= (SELECT before_us FROM forgotten) BEGIN
    INSERT INTO addends VALUES (
        -1, old.day, old.provider, old.requested_model, coalesce(old.served_model, ''), coalesce(old.key_label, ''), old.payer, old.feature,
        coalesce(old.action, ''), coalesce(old.language, ''), coalesce(old.workspace, ''), coalesce(old.branch, ''), coalesce(old.tags, ''),
        old.outcome, coalesce(old.fate, ''), coalesce(old.cost_currency, ''), old.cost_source, coalesce(old.cost_nanos, 0), old.input_tokens,
        old.cache_read_tokens, old.cache_write_5m_tokens, old.cache_write_1h_tokens, old.output_tokens, old.reasoning_tokens, old.shown,
        old.accepted, old.accepted_chars, old.retained_chars);
END;
