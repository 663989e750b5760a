"""A real Helix in a terminal of its own (tmux), with folders of its own for settings, state, keys and ledger."""
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTED_PROVIDER = HERE.parents[2] / "tests/support/scripted_provider.py"
PATIENCE = 30
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


class Helix:
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
        (self.config / "config.toml").write_text(
            "[editor]\nidle-timeout = 50\n[editor.lsp]\ndisplay-messages = true\ndisplay-progress-messages = true\n"
        )
        self.log = self.folder / "hx.log"
        self.provider = None
        self.terminals = 1
        self.environment = {
            **os.environ,
            "HOME": str(self.folder),
            # No other language server, whatever is installed on this machine: one that fails would move the screen under the test.
            "PATH": f"{self.folder}/bin:{Path(shutil.which('hx')).parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "MOCK_KEY": SECRET,
        }
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

    def settings(self, text):
        """Writes the user's own settings, the same for every editor."""
        path = self.folder / "config/byok-lsp/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def serve(self, script):
        """Starts a scripted provider on loopback; returns its base URL."""
        import json
        self.provider = subprocess.Popen(
            ["python3", str(SCRIPTED_PROVIDER), "--key", SECRET, "--script", json.dumps(script)],
            stdout=subprocess.PIPE, text=True,
        )
        return self.provider.stdout.readline().strip()

    def open(self, name, text, width=110, height=30):
        """Opens a file and waits until the server has it."""
        (self.work / name).write_text(text)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), f"hx -vvv --log {self.log} {name}")
        self.shows(name)
        self.logged('"textDocument/didOpen"')

    def tmux(self, *arguments):
        return subprocess.run(
            ["tmux", "-S", str(self.folder / f"tmux{self.terminals}"), *arguments], env=self.environment, cwd=self.work,
            capture_output=True, text=True, timeout=PATIENCE,
        ).stdout

    def keys(self, *keys):
        for key in keys:
            self.tmux("send-keys", key)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def command(self, text):
        """Runs a typable command from normal mode."""
        self.keys("Escape")
        self.type(f":{text}")
        self.keys("Enter")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def traffic(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def shows(self, text):
        return eventually(f'the screen shows "{text}"', self.screen, lambda screen: text in screen, self.last_traffic)

    def hides(self, text):
        return eventually(f'the screen no longer shows "{text}"', self.screen, lambda screen: text not in screen)

    def logged(self, text, count=1):
        return eventually(f'the log holds "{text}"', self.traffic, lambda log: log.count(text) >= count, self.screen)

    def last_traffic(self):
        return "\n".join(line[:300] for line in self.traffic().splitlines()[-12:])

    def saved(self, name, text):
        """Saves the file and waits until the text is in it."""
        self.command("write")

        def read():
            try:
                return (self.work / name).read_text()
            except FileNotFoundError:  # Helix puts the new file in the place of the old one.
                return ""

        return eventually(f'{name} holds "{text}"', read, lambda held: text in held, self.screen)

    def quit(self):
        """Ends the editor, so that another can be opened."""
        self.tmux("kill-server")
        # The old terminal may take its time to go.
        self.terminals += 1
        self.log.unlink()

    def stop(self):
        self.tmux("kill-server")
        if self.provider:
            self.provider.kill()
            self.provider.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
