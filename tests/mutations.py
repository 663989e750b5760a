#!/usr/bin/env python3
"""Usage: tests/mutations.py [WORD...]      tries mutations.toml, or those whose fault has one of the words in it

Takes the handling of one fault after another out of a copy of the checkout, and runs the test that must then fail; the last line counts.
The copy is a worktree of what is committed, in a temporary folder; what is built is kept in CARGO_TARGET_DIR, if that is set.
A mutation that does not build counts as one that was not noticed: it has to follow the code.
"""
import pathlib
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 900


def cargo(copy, arguments):
    """Runs cargo in the copy; what takes too long has failed, since no test may hang."""
    command = ["cargo", "test", *arguments]
    try:
        run = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return False, "took too long"
    return run.returncode == 0, run.stdout + run.stderr


def verdict(copy, mutation):
    """Returns whether the mutation is noticed, and a word on it."""
    path = copy / mutation["file"]
    text = path.read_text()
    if text.count(mutation["find"]) != 1:
        return False, f"what it replaces stands {text.count(mutation['find'])} times in {mutation['file']}"
    path.write_text(text.replace(mutation["find"], mutation["put"]))
    try:
        target, _, name = mutation["test"].rpartition(" ")
        builds, told = cargo(copy, [*target.split(), "--no-run"])
        if not builds:
            return False, "does not build:\n" + told[-2000:]
        passes, told = cargo(copy, [*target.split(), name])
        failed = sorted(line.split()[1] for line in told.splitlines() if line.endswith("... FAILED"))
        return not passes, ", ".join(failed) if not passes else f"cargo test {mutation['test']} passes"
    finally:
        path.write_text(text)


def main():
    words = sys.argv[1:]
    if words and words[0].startswith("-"):
        sys.exit(__doc__)
    mutations = tomllib.loads((HERE / "mutations.toml").read_text())["mutation"]
    mutations = [it for it in mutations if not words or any(word in it["fault"] for word in words)]
    noticed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "copy"
        git = ["git", "-C", str(HERE.parent), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(copy)], check=True)
        try:
            for mutation in mutations:
                is_noticed, why = verdict(copy, mutation)
                noticed += is_noticed
                print(f"{'noticed' if is_noticed else 'MISSED '} {mutation['fault']}: {why}", flush=True)
        finally:
            subprocess.run([*git, "remove", "--force", str(copy)], check=False)
    print(f"{noticed} of {len(mutations)} mutations are noticed")
    sys.exit(noticed != len(mutations) or not mutations)


if __name__ == "__main__":
    main()
