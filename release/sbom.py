#!/usr/bin/env python3
"""Usage: sbom.py [TARGET]      prints what the program is made of, as CycloneDX 1.5; the last line of stderr counts

Made of `cargo metadata`, and so of Cargo.lock: what is linked into the program for TARGET (default: this machine), not what only builds or tests it."""

import json
import os
import subprocess
import sys
import uuid
from datetime import datetime, timezone

target = sys.argv[1] if len(sys.argv) > 1 else None
command = ["cargo", "metadata", "--format-version", "1", "--locked"]
if target:
    command += ["--filter-platform", target]
metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
root = metadata["resolve"]["root"]


def linked(node):
    """What a package links: dependencies that are neither for its build script nor for its tests, and no procedural macros."""
    for dependency in node["deps"]:
        if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
            kinds = [kind for of in packages[dependency["pkg"]]["targets"] for kind in of["kind"]]
            if "proc-macro" not in kinds:
                yield dependency["pkg"]


seen, waiting = set(), [root]
while waiting:
    package = waiting.pop()
    if package not in seen:
        seen.add(package)
        waiting.extend(linked(nodes[package]))

name = lambda package: f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, kind):
    made = {"type": kind, "bom-ref": name(package), "name": package["name"], "version": package["version"], "purl": name(package)}
    if package.get("license"):
        made["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return made


own = packages[root]
parts = sorted((packages[id] for id in seen if id != root), key=name)
made = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), timezone.utc)
bom = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "metadata": {"timestamp": made.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": component(own, "application")},
    "components": [component(part, "library") for part in parts],
    "dependencies": [
        {"ref": name(packages[id]), "dependsOn": sorted({name(packages[other]) for other in linked(nodes[id])})}
        for id in sorted(seen, key=lambda id: name(packages[id]))
    ],
}
# The same parts have the same number, so that the same release has the same file.
bom["serialNumber"] = "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bom, sort_keys=True)))
print(json.dumps(bom, indent=2))
print(f"{len(parts)} crates are linked into the program", file=sys.stderr)
