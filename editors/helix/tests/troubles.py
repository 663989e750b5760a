"""What goes wrong, in a real Helix: no key, a key that is refused, a provider that is down, a budget that is spent. Each is told once, in words
that mend it, and typing goes on.
"""
from fixtures import CART, USAGE, expect, mock
from helix import SECRET

OPEN = "fn open(path: &Path) -> Result<Reader> {\n    let reader = \n}\n"
ANSWER = [{"text": ["Reader", "::new(", "path)", ";"], "usage": USAGE}]


def completing(hx, url, key='{ env = "MOCK_KEY" }', more=""):
    hx.settings(mock(url, model='completion = { model = "mock/small", debounce_ms = 0 }', key=key) + more)
    hx.set_up()


def told(hx):
    return hx.traffic().count('"method":"window/showMessage"')


def refused_key(hx):
    """a refused key: told once with the fix, typing goes on"""
    completing(hx, hx.serve([{"status": 401, "body": {"error": {"message": "no"}}}]))
    hx.open("lib.rs", OPEN)
    hx.keys("2", "G", "A")
    # The second letter of a word asks; Helix takes a message off its line with the next key.
    hx.type("Re")
    hx.shows("byok-lsp: mock/small: the key was refused; check")
    hx.type("ader ne")
    hx.shows("let reader = Reader ne")
    hx.logged('"state":"error"', 2)
    expect("told once", told(hx) == 1, hx.last_traffic())
    expect("the key is not in the traffic", SECRET not in hx.traffic())


def missing_key(hx):
    """no key: told once, stored in a terminal, used without a restart, and nowhere but in the key store"""
    url = hx.serve(ANSWER)
    hx.environment["BYOK_TEST_PASSPHRASE"] = "open sesame"
    del hx.environment["MOCK_KEY"]
    completing(hx, url, key='"keyring"', more='[keys]\nstore = "file"\npassphrase = { env = "BYOK_TEST_PASSPHRASE" }\n')
    hx.open("lib.rs", OPEN)
    hx.keys("2", "G", "A")
    hx.type("Re")
    hx.shows("there is no key for mock")
    hx.command('lsp-workspace-command byok.setKey "mock"')
    hx.shows("byok-lsp: in a terminal: byok-lsp key set mock")
    beside = hx.terminal("byok-lsp key set mock; echo ended: $?")
    beside.shows("mock")
    beside.type(SECRET)
    beside.keys("Enter")
    screen = beside.shows("ended: 0")
    expect("the terminal does not show it", SECRET not in screen, screen)
    hx.suggests(2, "; Re", "Reader::new(path)")
    expect("the provider has it", hx.asked()[-1]["authorization"] == f"Bearer {SECRET}", hx.asked())
    for path in hx.folder.rglob("*"):
        if path.is_file():
            expect(f"the key is not in {path}", SECRET.encode() not in path.read_bytes())


def provider_down(hx):
    """a provider that is down: told once with the way out, and back by itself when it is"""
    url = hx.serve(ANSWER)
    completing(hx, url)
    port = hx.no_longer_serves()
    hx.open("lib.rs", OPEN)
    hx.keys("2", "G", "A")
    hx.type("Re")
    hx.shows('mock/small failed, byok.setModel "local" goes on: the ')
    hx.logged('"state":"error"')
    hx.type("ader ne")
    hx.logged('"state":"error"', 2)
    expect("told once", told(hx) == 1, hx.last_traffic())
    hx.serve(ANSWER, port)
    hx.suggests(2, "; Re", "Reader::new(path)")
    expect("told once", told(hx) == 1, hx.last_traffic())
    expect("the state is gone", hx.last_state() != "error", hx.last_traffic())


def budget_reached(hx):
    """a budget that is spent: told once, nothing more is sent, and the embedded engine goes on"""
    url = hx.serve(ANSWER)
    cap = '[[budget.caps]]\nname = "today"\namount = "0.000001 USD"\nper = "day"\nat = "degrade"\ndegrade_to = "local"\n'
    completing(hx, url, more=cap)
    hx.open("cart.rs", CART)
    hx.suggests(10, "    let tot", "total = compute(left, right); text")
    hx.logged("local/patterns answers meanwhile: the cap")
    hx.keys("Tab")
    hx.shows("local/patterns")
    hx.keys("Enter")
    hx.saved("cart.rs", "fn third() {\n    let total = compute(left, right);\n}")
    expect("told once", told(hx) == 1, hx.last_traffic())
    expect("nothing was sent", hx.asked() == [], hx.asked())


def budget_refuses(hx):
    """a hard cap: told once with the way out, which is taken, and typing goes on for nothing"""
    completing(hx, hx.serve(ANSWER), more='[budget]\nday = "0.000001 USD"\n')
    hx.open("cart.rs", CART)
    hx.keys("1", "0", "G", "A")
    hx.type("    let tot")
    hx.shows('mock/small failed, byok.setModel "local" goes on: the ')
    hx.command('lsp-workspace-command byok.setModel "local"')
    hx.shows("from now on")
    # The line that was begun is taken back.
    hx.keys("u")
    hx.suggests(10, "    let tot", "total = compute(left, right); text")
    expect("nothing was sent", hx.asked() == [], hx.asked())


TESTS = [refused_key, missing_key, provider_down, budget_reached, budget_refuses]
