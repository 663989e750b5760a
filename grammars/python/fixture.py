"""Reads tasks from a file."""
from __future__ import annotations

import os.path
import json as j
from collections import OrderedDict, defaultdict as dd
from .store import *

LIMIT = 64
type Index = dict[int, str]


@decorated
class Task(Base):
    """One task."""

    kind: str = "plain"

    def __init__(self, title: str, due: int = 0):
        self.title = title
        self.due = due

    @property
    def late(self) -> bool:
        limit = LIMIT
        return self.due > limit

    class Meta:
        ordering = ["due"]


async def load(path):
    tasks = []
    with open(path) as file:
        for line in file:
            if not line:
                continue
            tasks.append(Task(f"{line.strip()}: (", *j.loads(line)))

    def key(task):
        return task.due

    return sorted(tasks, key=lambda task: key(task))


if __name__ == "__main__":
    result = load("tasks")
    print(result)


class Lazy:
    def read(self, path):
        try:
            import orjson
        except ImportError:
            import json as orjson
        return orjson
