#!/usr/bin/env python3
"""Usage: fill_ledger.py LEDGER ROWS [--hostile]

Adds ROWS made-up calls of the last thirty days to a ledger that byok-lsp has made. The same every time, but for the dates.
--hostile adds calls whose names try to break out of whatever shows them.
"""

import datetime
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
HOSTILE = [
    "</script><script>window.broken=1</script>",
    "<img src=x onerror='window.broken=1'>",
    "\u2028]]>--><svg onload=window.broken=1>",
    "=cmd|' /C calc'!A0",
    "a" * 400,
]
INSERT = """INSERT INTO calls (id, session, attempt, started_us, day, feature, action, language, workspace, branch, provider, requested_model,
    served_model, key_label, payer, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens,
    reasoning_tokens, tokens_estimated, cost_source, cost_nanos, cost_currency, outcome, first_token_us, total_us, fate, shown, accepted,
    accepted_chars, kept_30s_chars, kept_5min_chars, retained_chars)
    VALUES (?, 'made up', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'default', ?, ?, 0, 0, 0, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


def call(chance, number, now):
    provider, model, read_price, write_price, currency = chance.choice(MODELS)
    started = now - datetime.timedelta(seconds=chance.randrange(29 * 86_400))
    is_action = chance.random() < 0.1
    read, written = chance.randrange(200, 3_000), chance.randrange(5, 120)
    outcome = chance.choice(OUTCOMES)
    source, cost = "priced", read * read_price + written * write_price
    if outcome in ("cancelled", "superseded"):
        source = "estimated"
    if provider == "local":
        source, cost = "free", 0
    if chance.random() < 0.002:
        source, cost, currency = "unknown", None, None
    fate = None if is_action else chance.choice(FATES) if outcome == "completed" else "unseen"
    shown = int(fate not in (None, "unseen"))
    accepted = int(fate in ("accepted", "partly_accepted"))
    taken = chance.randrange(5, 200) if accepted else 0
    kept = taken * chance.randrange(60, 101) // 100
    first = None if outcome == "failed" else int(chance.lognormvariate(12.3, 0.5))
    return (
        f"made-up-{number}", int(started.timestamp() * 1e6), int(started.strftime("%Y%m%d")),
        "action" if is_action else "completion", chance.choice(["fix", "explain"]) if is_action else None, chance.choice(LANGUAGES),
        f"/home/someone/projects/{chance.choice(['editor', 'server', 'website'])}", "main", provider, model,
        None if chance.random() < 0.5 else model + "-2026-01-01", 'your key "default"', read, written, int(source == "estimated"),
        source, cost, currency, outcome, first, (first or 90_000) + chance.randrange(400_000),
        fate, shown, accepted, taken, kept, kept, kept,
    )


def main():
    path, rows = sys.argv[1], int(sys.argv[2])
    chance = random.Random(7)
    now = datetime.datetime.now()
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany(INSERT, (call(chance, number, now) for number in range(rows)))
        if "--hostile" in sys.argv:
            for number, name in enumerate(HOSTILE):
                values = list(call(chance, f"hostile-{number}", now))
                values[5], values[6], values[8], values[9], values[11] = name, name, name, name, name
                values[17], values[18], values[15] = 5_000_000_000, "USD", "priced"
                connection.execute(INSERT, values)


main()
