"""A real Helix in a terminal of its own (tmux), with folders of its own for settings, state, keys and ledger."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTED_PROVIDER = HERE.parents[2] / "tests/support/scripted_provider.py"
# How long anything may take on a busy machine. It is no measure of ours: everything is waited for, and nothing slept over.
PATIENCE = 120
SECRET = "sk-test-0123456789abcdefghijklmnop"


class Failure(Exception):
    """What was expected did not come."""


def eventually(what, ask, is_right, detail=lambda: ""):
    """Polls until the answer is right; returns it."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = ask()
        if is_right(answer):
            return answer
        if time.monotonic() > end:
            raise Failure(f"{what}: never, but\n{answer}\n{detail()}")
        time.sleep(0.05)


class Terminal:
    """A terminal (tmux) that is typed into and looked at."""

    def __init__(self, socket, cwd, environment):
        self.socket, self.cwd, self.environment = socket, cwd, environment

    def tmux(self, *arguments):
        return subprocess.run(
            ["tmux", "-S", str(self.socket), *arguments], env=self.environment, cwd=self.cwd, capture_output=True, text=True, timeout=PATIENCE,
        ).stdout

    def run(self, command, width=110, height=30):
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), command)

    def keys(self, *keys):
        for key in keys:
            # The byte of Escape and what follows it are one key (with Alt) to an editor that reads both at once, as it does on a busy machine.
            # As the kitty protocol writes it, Escape is whole, and Helix reads it so whether that protocol is on or not.
            self.tmux("send-keys", *(["-l", "\x1b[27u"] if key == "Escape" else [key]))

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def detail(self):
        """What helps to understand a failure."""
        return ""

    def shows(self, text):
        return eventually(f'the screen shows "{text}"', self.screen, lambda screen: text in screen, self.detail)

    def hides(self, text):
        return eventually(f'the screen no longer shows "{text}"', self.screen, lambda screen: text not in screen, self.detail)

    def soon_shows(self, text, seconds=6):
        """Tells whether the screen shows a text within a while, for what is tried again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text in self.screen():
                return True
            time.sleep(0.05)
        return False


class Helix(Terminal):
    """One editor and its files. `binary` is the server."""

    def __init__(self, binary):
        self.binary = binary
        self.folder = Path(tempfile.mkdtemp(prefix="byok-helix-"))
        self.work = self.folder / "work"
        self.config = self.folder / "config/helix"
        for folder in (self.work, self.config, self.folder / "bin"):
            folder.mkdir(parents=True)
        # The server is on the path, as it is after an installation.
        (self.folder / "bin/byok-lsp").symlink_to(binary)
        self.configure()
        self.log = self.folder / "hx.log"
        self.provider = None
        self.others = []
        super().__init__(self.folder / "tmux", self.work, {
            **os.environ,
            "HOME": str(self.folder),
            # No other language server, whatever is installed on this machine: one that fails would move the screen under the test.
            "PATH": f"{self.folder}/bin:{Path(shutil.which('hx')).parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "MOCK_KEY": SECRET,
        })
        for name, folder in {
            "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state", "XDG_DATA_HOME": "data",
            "XDG_RUNTIME_DIR": "run", "BYOK_KEYS": "keys",
        }.items():
            self.environment[name] = str(self.folder / folder)
        for name in ("BYOK_CONFIG", "BYOK_LEDGER", "BYOK_CACHE", "DBUS_SESSION_BUS_ADDRESS"):
            self.environment.pop(name, None)

    def byok(self, *arguments):
        """Runs the program, as a user would beside the editor."""
        return subprocess.run(
            ["byok-lsp", *arguments], env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE,
        )

    def set_up(self):
        done = self.byok("setup", "helix", "--yes")
        if done.returncode != 0:
            raise Failure(f"setup helix: {done.stdout}{done.stderr}")
        return done.stdout

    def configure(self, more=""):
        """Writes the editor's settings, with `more` in its section `editor`."""
        (self.config / "config.toml").write_text(
            f"[editor]\nidle-timeout = 50\n{more}[editor.lsp]\ndisplay-messages = true\ndisplay-progress-messages = true\n"
        )

    def settings(self, text):
        """Writes the user's own settings, the same for every editor."""
        path = self.folder / "config/byok-lsp/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def serve(self, script, port=0, key=SECRET):
        """Starts a scripted provider on loopback; returns its base URL."""
        self.provider = subprocess.Popen(
            ["python3", str(SCRIPTED_PROVIDER), "--port", str(port), "--key", key, "--script", json.dumps(script)],
            stdout=subprocess.PIPE, text=True,
        )
        self.url = self.provider.stdout.readline().strip()
        return self.url

    def no_longer_serves(self):
        """Ends the provider; returns its port, so that it can come back."""
        self.provider.kill()
        self.provider.wait()
        self.provider = None
        return int(self.url.split(":")[2].split("/")[0])

    def asked(self):
        """What the provider has received."""
        with urllib.request.urlopen(self.url.replace("/v1", "/test/requests")) as answer:
            return json.load(answer)

    def answers(self, script):
        """Replaces the provider's answers."""
        urllib.request.urlopen(self.url.replace("/v1", "/test/script"), json.dumps(script).encode()).read()

    def open(self, name, text, width=110, height=30, place=""):
        """Opens a file, with the cursor at `place` (":row:column", from 1), and waits until the server has it."""
        (self.work / name).write_text(text, newline="")
        self.run(f"hx -vvv --log {self.log} {name}{place}", width, height)
        self.shows(name)
        self.logged('"textDocument/didOpen"')

    def suggests(self, line, begun, suggestion):
        """Begins a word at the end of a line until its suggestion is in the menu. Helix asks once, at a word's second letter; what the embedded engine
        and the provider know by then is for the machine to say, so what was in vain is undone and typed again."""
        def is_there():
            self.keys("Escape", *str(line), "G", "A")
            self.type(begun)
            if self.soon_shows(suggestion):
                return True
            self.keys("Escape", "u")
            return False

        eventually(f'"{suggestion}" is suggested', is_there, bool, self.detail)

    def command(self, text):
        """Runs a typable command from normal mode."""
        self.keys("Escape")
        self.type(f":{text}")
        self.keys("Enter")

    def menu(self, title):
        """Opens the menu of code actions until it has an entry; returns the entries. What a file consists of is known a moment after it is opened."""
        def opened():
            self.keys("Escape", "Space", "a")
            end = time.monotonic() + 2
            while time.monotonic() < end:
                entries = [line for line in self.screen().splitlines() if " · " in line]
                if any(title in entry for entry in entries):
                    return entries
                time.sleep(0.05)
            return []

        return eventually(f'the menu has "{title}"', opened, bool, self.screen)

    def choose(self, title):
        """Runs an action from the menu, whose first entry is selected when it opens."""
        entries = self.menu(title)
        place = next(place for place, entry in enumerate(entries) if title in entry)
        self.keys(*["Down"] * place, "Enter")

    def traffic(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def logged(self, text, count=1):
        return eventually(f'the log holds "{text}"', self.traffic, lambda log: log.count(text) >= count, self.screen)

    def last_state(self):
        """The last state that the server told."""
        return re.findall(r'"method":"byok/status","params":.*?"state":"(\w+)"', self.traffic())[-1]

    def provider_saw(self, outcome):
        """Waits until the provider's last request has ended so."""
        eventually(f"the last request is {outcome}", self.asked, lambda asked: asked and asked[-1]["outcome"] == outcome)

    def detail(self):
        return self.last_traffic()

    def last_traffic(self):
        return "\n".join(line[:300] for line in self.traffic().splitlines()[-12:])

    def saved(self, name, text):
        """Saves the file and waits until the text is in it."""
        # Helix compares the file's time with one that it notes a moment after it has written, so a second save would be refused now and then.
        self.command("write!")
        return eventually(f'{name} holds "{text}"', lambda: self.held(name), lambda held: text in held, self.screen)

    def held(self, name):
        """What the file holds, to the last byte."""
        try:
            return (self.work / name).read_bytes().decode()
        except FileNotFoundError:  # Helix puts the new file in the place of the old one.
            return ""

    def quit(self):
        """Ends the editor, so that another can be opened."""
        self.tmux("kill-server")
        # The old terminal may take its time to go.
        self.socket = self.socket.with_name(self.socket.name + "-")
        self.log.unlink()

    def terminal(self, command):
        """Another terminal beside the editor."""
        other = Terminal(self.folder / f"beside{len(self.others)}", self.work, self.environment)
        self.others.append(other)
        other.run(f"sh -c '{command}; cat'")
        return other

    def stop(self):
        for terminal in [self, *self.others]:
            terminal.tmux("kill-server")
        if self.provider:
            self.provider.kill()
            self.provider.wait()
        # The server was only told to end, and may write its last to the folder meanwhile.
        end = time.monotonic() + 10
        while self.folder.exists() and time.monotonic() < end:
            shutil.rmtree(self.folder, ignore_errors=True)
            time.sleep(0.05)
