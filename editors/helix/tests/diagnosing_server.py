#!/usr/bin/env python3
"""A language server that has one thing to say of every document: a diagnostic on its second line. It stands for the user's own server."""
import json
import sys

DIAGNOSTIC = {
    "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 9}}, "severity": 1, "source": "other", "message": "this subtracts",
}


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()


def messages():
    while True:
        length = 0
        while (line := sys.stdin.buffer.readline()) not in (b"\r\n", b""):
            name, value = line.decode().split(":")
            length = int(value) if name.lower() == "content-length" else length
        if line == b"":
            return
        yield json.loads(sys.stdin.buffer.read(length))


for message in messages():
    if message.get("method") == "initialize":
        send({"id": message["id"], "result": {"capabilities": {"textDocumentSync": 1}}})
    elif message.get("method") == "textDocument/didOpen":
        uri = message["params"]["textDocument"]["uri"]
        send({"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": [DIAGNOSTIC]}})
    elif message.get("method") == "exit":
        sys.exit()
    elif "id" in message and "method" in message:
        send({"id": message["id"], "result": None})
