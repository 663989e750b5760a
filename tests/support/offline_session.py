#!/usr/bin/env python3
"""A session of an editor with byok-lsp: ghost text at the last `let reader = `, the route, the list of models; prints what came of each.

Usage: offline_session.py BINARY FILE [once]      (once: the ghost text need not come)
"""
import json
import pathlib
import subprocess
import sys

binary, file = sys.argv[1], pathlib.Path(sys.argv[2])
server = subprocess.Popen([binary, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    server.stdin.flush()


def read():
    length = 0
    while line := server.stdout.readline().strip():
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(server.stdout.read(length))


def ask(number, method, params):
    send({"id": number, "method": method, "params": params})
    while True:
        message = read()
        if message.get("id") == number and "method" not in message:
            return message["result"]
        if "id" in message and "method" in message:
            send({"id": message["id"], "result": None})


root, uri = file.parent.as_uri(), file.as_uri()
text = file.read_text()
line = next(number for number, line in enumerate(text.split("\n")) if line.endswith("let reader = "))
folders = [{"uri": root, "name": "work"}]
ask(1, "initialize", {"processId": None, "rootUri": root, "workspaceFolders": folders, "capabilities": {}})
send({"method": "initialized", "params": {}})
document = {"uri": uri, "languageId": "rust", "version": 1, "text": text}
send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
# The engine reads the document behind the answer, so the first question may come too early.
ghost, number = "", 2
while not ghost and number < 2000:
    position = {"line": line, "character": len("    let reader = ")}
    params = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 1}}
    items = ask(number, "textDocument/inlineCompletion", params)["items"]
    ghost, number = (items[0]["insertText"] if items else ""), number + 1
    if sys.argv[3:] == ["once"]:
        break
route = ask(number, "byok/explainRoute", {"uri": uri})
models = ask(number + 1, "byok/models", {})
print(f"ghost {ghost}")
print(f"route {route['model']}: {route['reason']}")
print(f"models {len(models['models'])}")
ask(number + 2, "shutdown", None)
send({"method": "exit"})
sys.exit(server.wait())
