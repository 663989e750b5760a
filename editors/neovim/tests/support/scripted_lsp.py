#!/usr/bin/env python3
"""A language server for the plugin's tests: says what the test told it to say, and records what it hears.

The test steers it over the same connection:
  test/script  (notification)  {"suggestions": [LINE, ...]}   suggest those lines that begin with what stands before the cursor
                               {"whole_line": true}           suggest the line from its start, not from the cursor on
                               {"hold": true|false}           keep the answers to inline completions back, or let them go
  test/say     (notification)  {"method": M, "params": P}     send that notification to the editor
  test/heard   (request)                                      everything received so far
  test/exit    (notification)  {"code": N}                    end at once
"""
import json
import sys

COMMANDS = [
    "byok.usageSummary", "byok.models", "byok.setModel", "byok.pause", "byok.resume", "byok.didAccept", "byok.setKey",
    "byok.explainContext",
]
SUMMARY = {
    "session": {"nanos": 1_000_000, "currency": "USD", "calls": 1, "unpriced": 0},
    "day": {"nanos": 12_300_000, "currency": "USD", "calls": 7, "unpriced": 2},
    "month": {"nanos": 4_560_000_000, "currency": "USD", "calls": 90, "unpriced": 2},
    "accepted": 1,
    "last": {"provider": "mock", "model": "small", "cost": {"nanos": 210_000, "currency": "USD", "source": "estimated"}},
    "text": "in a few words",
}


class Server:
    def __init__(self):
        self.heard = []
        self.lines = {}
        self.script = {"suggestions": []}
        self.held = []
        self.model = "mock/small"

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        sys.stdout.buffer.flush()

    def reply(self, message, result):
        self.send({"id": message["id"], "result": result})

    def suggest(self, params):
        row, col = params["position"]["line"], params["position"]["character"]
        line = self.lines[params["textDocument"]["uri"]].split("\n")[row]
        before = line.encode("utf-16-le")[:2 * col].decode("utf-16-le")
        items = []
        for number, text in enumerate(self.script["suggestions"]):
            if before.strip() and text.startswith(before) and text != before:
                start = 0 if self.script.get("whole_line") else col
                items.append({
                    "insertText": text[len(before):] if start else text,
                    "range": {"start": {"line": row, "character": start}, "end": {"line": row, "character": col}},
                    "command": {"title": "accepted", "command": "byok.didAccept", "arguments": [f"call-{number}"]},
                })
        return {"items": items}

    def release(self):
        for message, result in self.held:
            self.reply(message, result)
        self.held = []

    def handle(self, message):
        method, params = message.get("method"), message.get("params") or {}
        if method == "initialize":
            self.reply(message, {
                "serverInfo": {"name": "scripted", "version": "1"},
                "capabilities": {
                    "positionEncoding": "utf-16",
                    "textDocumentSync": 1,
                    "inlineCompletionProvider": True,
                    "completionProvider": {},
                    "executeCommandProvider": {"commands": COMMANDS},
                },
            })
        elif method == "textDocument/didOpen":
            self.lines[params["textDocument"]["uri"]] = params["textDocument"]["text"]
        elif method == "textDocument/didChange":
            self.lines[params["textDocument"]["uri"]] = params["contentChanges"][-1]["text"]
        elif method == "textDocument/inlineCompletion":
            answer = self.suggest(params)
            if self.script.get("hold"):
                self.held.append((message, answer))
            else:
                self.reply(message, answer)
        elif method == "byok/usageSummary":
            self.reply(message, SUMMARY)
        elif method == "byok/models":
            self.reply(message, {
                "current": self.model,
                "actions": "other/large",
                "models": [
                    {"id": "local", "payer": "nobody", "hasKey": True},
                    {"id": "mock/small", "payer": "you", "hasKey": True, "ability": "fill", "context": 131072,
                     "speed": {"firstMs": 212, "perSecond": 95}, "price": {
                        "input": {"nanos": 400_000_000, "currency": "USD"},
                        "output": {"nanos": 1_600_000_000, "currency": "USD"},
                        "source": "list",
                    }},
                    {"id": "other/large", "payer": "you", "hasKey": False, "ability": "chat", "context": 1048576},
                    {"id": "third/", "payer": "you", "hasKey": True},
                ],
                "lists": [
                    {"provider": "mock", "source": "list", "asked": "2026-11-20T00:00:00Z", "refreshing": False},
                    {"provider": "other", "source": "catalogue", "refreshing": True},
                ],
            })
        elif method == "byok/setModel":
            if params["model"] not in ("local", "auto") and "/" not in params["model"]:
                self.send({"id": message["id"], "error": {"code": -32602, "message": "a model is named provider/model, local or auto"}})
                return
            self.model = params["model"]
            self.reply(message, None)
        elif method == "workspace/executeCommand" and params["command"] == "byok.explainContext":
            self.reply(message, {"text": "1. the lines around the cursor\n2. the file's outline"})
        elif method == "byok/answerPreview":
            self.reply(message, {"taken": True})
        elif method == "test/script":
            self.script.update(params)
            if not self.script.get("hold"):
                self.release()
        elif method == "test/say":
            self.send({"method": params["method"], "params": params["params"]})
        elif method == "test/heard":
            self.reply(message, self.heard)
        elif method == "test/exit":
            sys.exit(params["code"])
        elif method == "exit":
            sys.exit(0)
        elif "id" in message and method:
            self.reply(message, None)

    def run(self):
        while True:
            length = None
            while (line := sys.stdin.buffer.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if length is None:
                return
            message = json.loads(sys.stdin.buffer.read(length))
            if not message.get("method", "").startswith("test/"):
                self.heard.append(message)
            self.handle(message)


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print("byok-lsp 0.0.0 (scripted)")
    else:
        Server().run()
