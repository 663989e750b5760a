"""A session with a language server over its standard input and output, for scripts."""
import contextlib
import json
import pathlib
import subprocess
import time


def long_file(count):
    """Returns a Rust file of so many functions of five lines, of which the middle one is blank."""
    one = "fn f{0}(a: u32) -> u32 {{\n    let x{0} = a + {0};\n    \n    x{0}\n}}\n"
    return "".join(one.format(number) for number in range(count))


class Session:
    """One server under way. `command` is how it is started."""

    def __init__(self, command, **more):
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **more)
        self.number = 0

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.server.stdin.flush()

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def read(self):
        length = 0
        while line := self.server.stdout.readline().strip():
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self.server.stdout.read(length))

    def ask(self, method, params):
        """Asks and waits for the answer; what the server asks meanwhile is answered with nothing."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self.number and "method" not in message:
                return message["result"]
            if "id" in message and "method" in message:
                self.send({"id": message["id"], "result": None})

    def begin(self, root):
        """Begins with one folder, by its URI."""
        folders = [{"uri": root, "name": "work"}]
        self.ask("initialize", {"processId": None, "rootUri": root, "workspaceFolders": folders, "capabilities": {}})
        self.notify("initialized", {})

    def open(self, uri, text):
        document = {"uri": uri, "languageId": "rust", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def ghost(self, uri, line, character, trigger):
        """Returns the ghost text at a place; `trigger` is 1 by hand, 2 by itself."""
        position = {"line": line, "character": character}
        params = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": trigger}}
        items = self.ask("textDocument/inlineCompletion", params)["items"]
        return items[0]["insertText"] if items else ""

    def processor_time(self):
        """Returns the nanoseconds of processor that its threads have used; of those that have ended nothing is known any more."""
        used = 0
        for thread in pathlib.Path(f"/proc/{self.server.pid}/task").iterdir():
            # It may end between one look and the next.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                used += int((thread / "schedstat").read_text().split()[0])
        return used

    def rest(self):
        """Waits until it has nothing to do any more: three looks in a row in which it used less than a millisecond. Linux alone tells."""
        quiet, last, deadline = 0, self.processor_time(), time.monotonic() + 60
        while quiet < 3:
            if time.monotonic() > deadline:
                raise TimeoutError("the server had no rest for a minute")
            time.sleep(0.03)
            now = self.processor_time()
            quiet = quiet + 1 if now - last < 1_000_000 else 0
            last = now

    def end(self):
        """Ends it; returns its exit code."""
        self.ask("shutdown", None)
        self.send({"method": "exit"})
        return self.server.wait()
