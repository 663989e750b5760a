#!/usr/bin/env python3
"""Usage: fill_ledger.py LEDGER ROWS [--month] [--hostile]

Adds ROWS made-up calls of the last thirty days to a ledger that byok-lsp has made. The same every time, but for the dates. The ledger's own
triggers keep its sums, as they do for real calls. --month puts them all into the month that `byok-lsp usage` shows, up to now.
--hostile adds calls whose names try to break out of whatever shows them.
"""

import datetime
import itertools
import random
import sqlite3
import sys

MODELS = [
    ("openai", "gpt-4.1-mini", 400, 1600, "USD"),
    ("anthropic", "claude-haiku-4-5", 1000, 5000, "USD"),
    ("mistral", "codestral-latest", 300, 900, "USD"),
    ("openrouter", "qwen/qwen3-coder", 220, 950, "USD"),
    ("local", "patterns", 0, 0, "USD"),
    ("acme", "contract-model", 500, 2500, "EUR"),
]
LANGUAGES = ["rust", "python", "typescript", "go", None]
OUTCOMES = ["completed"] * 6 + ["cancelled", "superseded", "superseded", "filtered", "failed"]
FATES = ["unseen", "shown", "rejected", "rejected", "partly_accepted", "accepted", "accepted"]
FOLDERS = [f"/home/someone/projects/{name}" for name in ("editor", "server", "website")]
HOSTILE = [
    "</script><script>window.broken=1</script>",
    "<img src=x onerror='window.broken=1'>",
    "\u2028]]>--><svg onload=window.broken=1>",
    "=cmd|' /C calc'!A0",
    "a" * 400,
]
COLUMNS = """id, started_us, day, feature, action, language, workspace, branch, provider, requested_model, served_model, payer,
    input_tokens, output_tokens, tokens_estimated, cost_source, cost_nanos, cost_currency, outcome, first_token_us, total_us, fate, shown,
    accepted, accepted_chars, kept_30s_chars, kept_5min_chars, retained_chars"""
# One statement for many calls: SQLite keeps a journal for each statement that has triggers, which for single calls is half of the work.
INSERT = f"""INSERT INTO calls ({COLUMNS}, session, attempt, key_label, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
    reasoning_tokens) SELECT *, 'made up', 1, 'default', 0, 0, 0, 0 FROM made_up"""
AT_ONCE = 100_000


def call(chance, number, started_us, day):
    # `random.random` is the one source that is cheap; a million calls ask for a dozen numbers each.
    draw = chance.random
    one_of = lambda values: values[int(draw() * len(values))]
    provider, model, read_price, write_price, currency = one_of(MODELS)
    is_action = draw() < 0.1
    read, written = 200 + int(draw() * 2_800), 5 + int(draw() * 115)
    outcome = one_of(OUTCOMES)
    source, cost = "priced", read * read_price + written * write_price
    if outcome in ("cancelled", "superseded"):
        source = "estimated"
    if provider == "local":
        source, cost = "free", 0
    if draw() < 0.002:
        source, cost, currency = "unknown", None, None
    fate = None if is_action else one_of(FATES) if outcome == "completed" else "unseen"
    shown = int(fate not in (None, "unseen"))
    accepted = int(fate in ("accepted", "partly_accepted"))
    taken = 5 + int(draw() * 195) if accepted else 0
    kept = taken * (60 + int(draw() * 41)) // 100
    first = None if outcome == "failed" else int(chance.lognormvariate(12.3, 0.5))
    return (
        f"made-up-{number}", started_us, day,
        "action" if is_action else "completion", one_of(("fix", "explain")) if is_action else None, one_of(LANGUAGES),
        one_of(FOLDERS), "main", provider, model,
        None if draw() < 0.5 else model + "-2026-01-01", 'your key "default"', read, written, int(source == "estimated"),
        source, cost, currency, outcome, first, (first or 90_000) + int(draw() * 400_000),
        fate, shown, accepted, taken, kept, kept, kept,
    )


def calls(chance, rows, since, until):
    """Calls in the order of time, as they come, so that every index grows at its end; each day begins with its local midnight."""
    span = int((until - since).total_seconds() * 1e6)
    begin = int(since.timestamp() * 1e6)
    day = midnight = 0
    for number in range(rows):
        started = begin + span * number // rows
        if started >= midnight:
            local = datetime.datetime.fromtimestamp(started / 1e6)
            day = int(local.strftime("%Y%m%d"))
            next_day = local.replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)
            midnight = int(next_day.timestamp() * 1e6)
        yield call(chance, number, started, day)


def hostile(chance, now):
    moment = int(now.timestamp() * 1e6)
    for number, name in enumerate(HOSTILE):
        values = list(call(chance, f"hostile-{number}", moment, int(now.strftime("%Y%m%d"))))
        values[5], values[6], values[8], values[9], values[11] = name, name, name, name, name
        values[15:18] = "priced", 5_000_000_000, "USD"
        yield values


def main():
    path, rows = sys.argv[1], int(sys.argv[2])
    chance = random.Random(7)
    now = datetime.datetime.now()
    since = now - datetime.timedelta(days=29)
    if "--month" in sys.argv:
        since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    connection = sqlite3.connect(path)
    # The sums of a month are larger than the two megabytes that SQLite keeps in memory of itself, and are written to with every row.
    connection.execute("PRAGMA cache_size = -400000")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"CREATE TEMP TABLE made_up ({COLUMNS})")
    marks = ", ".join("?" * len(COLUMNS.split(",")))

    def add(values):
        with connection:
            connection.execute("DELETE FROM made_up")
            connection.executemany(f"INSERT INTO made_up VALUES ({marks})", values)
            connection.execute(INSERT)

    made_up = calls(chance, rows, since, now)
    while some := list(itertools.islice(made_up, AT_ONCE)):
        add(some)
    if "--hostile" in sys.argv:
        add(hostile(chance, now))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


main()
