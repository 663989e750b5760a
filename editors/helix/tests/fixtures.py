"""What the tests share: a file that the embedded engine can continue, a provider's settings, a way to say what is wrong."""
from helix import Failure

# A line is half typed that the embedded engine can continue, since it stands above.
CART = """fn first() {
    let total = compute(left, right);
}

fn second() {
    let total = compute(left, right);
}

fn third() {

}
"""
# 1000 tokens in at 3 USD and 10 out at 20 USD a million: 0.0032 USD.
USAGE = {"prompt_tokens": 1000, "completion_tokens": 10}


def mock(url, wire="openai-completions", model="", key='{ env = "MOCK_KEY" }'):
    """Returns settings with the provider `mock` at `url`."""
    return f"""{model}
[providers.mock]
wire = "{wire}"
base_url = "{url}"
key = {key}
prices = {{ small = {{ input = "3 USD", output = "20 USD" }} }}
"""


def expect(what, is_so, detail=""):
    if not is_so:
        raise Failure(f"{what}\n{detail}")
