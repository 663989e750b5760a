#!/usr/bin/env python3
"""Makes prices.jsonl from the genai-prices data set.

    python3 generate.py DATA.json VERSION DATE > prices.jsonl

DATA.json is the data set's full export; VERSION is its version; DATE (YYYY-MM-DD) the day its prices were last checked. Only what
prices text is kept: tokens by class, the fee for a request, tiers, dates, times of day and service tiers. Nothing is guessed: a
rule or a shape of price that this program does not know ends it, so that a person looks.

The first line of the output describes it, every other is one provider, so that a reader parses no more than it needs. Prices are
whole nano-dollars for a million tokens (for a request: nano-dollars).
"""

import datetime
import json
import re
import sys
from decimal import ROUND_HALF_EVEN, Decimal

PROVIDERS = [
    "anthropic", "openai", "google", "mistral", "deepseek", "x-ai", "groq", "cerebras", "together", "fireworks", "cohere",
    "azure", "aws", "moonshotai", "perplexity", "zai", "openrouter",
]
CLASSES = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
}
# Prices of what this program never sends or asks for: sound, pictures, pages, searches, citations.
IGNORED = re.compile(r"audio|image|video|pages|searches|mchars|messages|citation|hours")
# Ways of calling that are never used here.
IGNORED_CONDITIONS = {"processing", "search_type", "route"}
CONDITIONS = {"service_tier", "speed"}

rounded = 0


def nanos(price):
    """A price as whole nano-dollars. A few have 16 digits of which the last are the noise of a float; they are rounded."""
    global rounded
    exact = price * 10**9
    whole = exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    if whole != exact:
        rounded += 1
    if not 0 <= whole <= 10**15:
        sys.exit(f"not a price: {price}")
    return int(whole)


def rate(value):
    if not isinstance(value, dict):
        return nanos(value)
    if set(value) != {"base", "tiers"}:
        sys.exit(f"unknown shape of price: {value}")
    tiers = sorted((int(tier["start"]), nanos(tier["price"])) for tier in value["tiers"])
    return [nanos(value["base"]), tiers]


def rates(prices):
    result = {}
    for key, value in prices.items():
        if key in CLASSES:
            result[CLASSES[key]] = rate(value)
        elif key == "requests_kcount":
            result["request"] = nanos(value / 1000)
        elif not IGNORED.search(key):
            sys.exit(f"unknown kind of price: {key}")
    return result


def seconds(time):
    parsed = datetime.time.fromisoformat(time.removesuffix("Z"))
    return parsed.hour * 3600 + parsed.minute * 60 + parsed.second


def period(entry):
    result = {}
    constraint = entry.get("constraint") or {}
    if set(constraint) == {"start_date"}:
        day = datetime.datetime.fromisoformat(constraint["start_date"]).replace(tzinfo=datetime.UTC)
        result["from"] = int(day.timestamp())
    elif set(constraint) == {"start_time", "end_time"}:
        result["hours"] = [seconds(constraint["start_time"]), seconds(constraint["end_time"])]
    elif constraint:
        sys.exit(f"unknown constraint: {constraint}")
    result["rates"] = rates(entry["prices"])
    return result


def shape(regex):
    """A regular expression as an equivalent rule; only the few forms in use are known."""
    if regex == r"^(?!.*-[tT][tT][sS](?:$|-))":
        return {"not": {"or": [{"ends_with": "-tts"}, {"contains": "-tts-"}]}}
    alternatives = re.fullmatch(r"(.*?)\[([^\]\\^]+)\](.*)", regex)
    if alternatives:
        before, letters, after = alternatives.groups()
        return {"or": [shape(before + re.escape(letter) + after) for letter in letters]}
    form = re.fullmatch(r"\^((?:[A-Za-z0-9/@:-]|\\[.@-]|\\d(?:\{\d\})?)+)(\$?)", regex)
    if not form:
        sys.exit(f"unknown form of regular expression: {regex}")
    body = re.sub(r"\\d(?:\{(\d)\})?", lambda digits: "#" * int(digits.group(1) or 1), form.group(1))
    return {"shape" if form.group(2) else "shape_start": body.replace("\\", "")}


def rule(match):
    [(kind, value)] = match.items()
    if kind in ("or", "and"):
        return {kind: [rule(clause) for clause in value]}
    if kind == "regex":
        return shape(value)
    if kind in ("equals", "starts_with", "ends_with", "contains"):
        return {kind: value.lower()}
    sys.exit(f"unknown rule: {match}")


def model(entry):
    prices = entry["prices"]
    periods = [period(price) for price in (prices if isinstance(prices, list) else [{"prices": prices}])]
    if not any({"input", "output"} & set(each["rates"]) for each in periods):
        # Not a model of text. It stays, without prices, so that its name is not taken for a longer form of another's.
        return {"id": entry["id"], "match": rule(entry["match"]), "prices": []}
    result = {"id": entry["id"], "match": rule(entry["match"]), "prices": periods}
    variants = []
    for variant in entry.get("price_variants", []):
        conditions = set(variant["when"])
        if conditions & IGNORED_CONDITIONS:
            continue
        if conditions - CONDITIONS:
            sys.exit(f"unknown condition: {variant['when']}")
        variants.append({"when": variant["when"], **period(variant)})
    if variants:
        result["variants"] = variants
    return result


def main():
    source, version, date = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        data = json.load(file, parse_float=Decimal, parse_int=Decimal)
    by_id = {provider["id"]: provider for provider in data}
    lines = []
    for name in PROVIDERS:
        provider = by_id[name]
        models = [model(entry) for entry in provider["models"]]
        fallback = [other for other in provider.get("fallback_model_providers") or [] if other in PROVIDERS]
        lines.append({"id": name, **({"fallback": fallback} if fallback else {}), "models": models})
    print(json.dumps({"name": "genai-prices", "version": version, "date": date, "rounded": rounded}))
    for line in lines:
        text = json.dumps(line, separators=(",", ":"), ensure_ascii=True)
        if "\\" in text:
            sys.exit(f"{line['id']} has a name that needs escaping, which the reader does not expect")
        print(text)


main()
