//! The kinds of providers that there are.

/// A kind of provider, and what is true of it, written down by hand.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    pub words: &'static str,
    pub leaves: bool,
    pub payer: &'static str,
    /// Cents for a million tokens of input and of output.
    pub price: Price,
    pub trains: Option<bool>,
    pub keeps: Option<bool>,
    pub region: Option<&'static str>,
    /// Whether it is told with each request what it must obey.
    pub is_told: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum Price {
    None,
    Cents(u32, u32),
    Unknown,
}

/// All kinds.
pub const KINDS: [Kind; 12] = [
    Kind {
        name: "ollama",
        words: "a server on this machine",
        leaves: false,
        payer: "nobody",
        price: Price::None,
        trains: None,
        keeps: None,
        region: None,
        is_told: false,
    },
    Kind {
        name: "power",
        words: "a server on this machine whose power is paid for",
        leaves: false,
        payer: "power",
        price: Price::None,
        trains: None,
        keeps: None,
        region: None,
        is_told: false,
    },
    Kind {
        name: "relay",
        words: "a server on this machine that takes a key",
        leaves: true,
        payer: "relay",
        price: Price::Unknown,
        trains: None,
        keeps: None,
        region: None,
        is_told: false,
    },
    Kind {
        name: "openai",
        words: "OpenAI, your own key",
        leaves: true,
        payer: "own-key",
        price: Price::Cents(100, 400),
        trains: Some(false),
        keeps: Some(true),
        region: None,
        is_told: false,
    },
    Kind {
        name: "deepseek",
        words: "DeepSeek, a model without a known price",
        leaves: true,
        payer: "own-key",
        price: Price::Unknown,
        trains: None,
        keeps: None,
        region: Some("cn"),
        is_told: false,
    },
    Kind {
        name: "agreed",
        words: "a provider you have an agreement with: no training, no retention, in the EU",
        leaves: true,
        payer: "own-key",
        price: Price::Cents(100, 400),
        trains: Some(false),
        keeps: Some(false),
        region: Some("eu"),
        is_told: false,
    },
    Kind {
        name: "dear",
        words: "a provider nothing is known of, dear",
        leaves: true,
        payer: "own-key",
        price: Price::Cents(1000, 4000),
        trains: None,
        keeps: None,
        region: None,
        is_told: false,
    },
    Kind {
        name: "gratis",
        words: "a provider's free pool",
        leaves: true,
        payer: "free-pool",
        price: Price::None,
        trains: None,
        keeps: None,
        region: None,
        is_told: false,
    },
    Kind {
        name: "flat",
        words: "a subscription",
        leaves: true,
        payer: "subscription",
        price: Price::None,
        trains: None,
        keeps: None,
        region: None,
        is_told: false,
    },
    Kind {
        name: "openrouter",
        words: "OpenRouter",
        leaves: true,
        payer: "gateway",
        price: Price::Cents(100, 400),
        trains: None,
        keeps: None,
        region: None,
        is_told: true,
    },
    Kind {
        name: "credits",
        words: "OpenRouter, pinned to your credits",
        leaves: true,
        payer: "credits",
        price: Price::Cents(100, 400),
        trains: None,
        keeps: None,
        region: None,
        is_told: true,
    },
    Kind {
        name: "account",
        words: "OpenRouter, pinned to your own account behind it",
        leaves: true,
        payer: "own-account",
        price: Price::Cents(100, 400),
        trains: None,
        keeps: None,
        region: None,
        is_told: true,
    },
];

/// A user's own file that has them.
pub const OWN: &str = "
[providers.openai]
prices.m = { input = \"1 USD\", output = \"4 USD\" }
[providers.power]
wire = \"openai-chat\"
base_url = \"http://127.0.0.1:8/v1\"
power = { watts = 100, kwh = \"0.30 EUR\" }
[providers.relay]
wire = \"openai-chat\"
base_url = \"http://127.0.0.1:9/v1\"
key = { env = \"RELAY\" }
[providers.agreed]
wire = \"openai-chat\"
base_url = \"https://agreed.example/v1\"
data = { training = false, retention = false, region = \"eu\" }
prices.m = { input = \"1 USD\", output = \"4 USD\" }
[providers.dear]
wire = \"openai-chat\"
base_url = \"https://dear.example/v1\"
prices.m = { input = \"10 USD\", output = \"40 USD\" }
[providers.gratis]
wire = \"openai-chat\"
base_url = \"https://gratis.example/v1\"
free = {}
[providers.flat]
wire = \"openai-chat\"
base_url = \"https://flat.example/v1\"
subscription = \"20 USD/month\"
[providers.openrouter]
prices.m = { input = \"1 USD\", output = \"4 USD\" }
[providers.credits]
wire = \"openai-chat\"
base_url = \"https://openrouter.ai/api/v1\"
routing = { payer = \"credits\" }
prices.m = { input = \"1 USD\", output = \"4 USD\" }
[providers.account]
wire = \"openai-chat\"
base_url = \"https://openrouter.ai/api/v1\"
routing = { payer = \"own-account\", only = [\"anthropic\"] }
prices.m = { input = \"1 USD\", output = \"4 USD\" }
";
