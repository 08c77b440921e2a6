use std::fs;
use std::time::Duration;

use clap::Args;

use crate::cli::block_on;
use crate::collect::opencost;
use crate::collect::prometheus::shown_url;
use crate::error::Error;
use crate::price::{Billed, BilledNode, Book, Rates, Sheet};
use crate::text::suggestion;
use crate::units::{HOURS_PER_MONTH, Money};

/// Where prices come from, for every subcommand that shows money.
#[derive(Debug, Args)]
pub(in crate::cli) struct BookArgs {
    /// `list`: list prices of the clouds; `default`: the same rates for any node; or a file
    /// with your own prices, CSV or YAML.
    #[arg(
        long,
        value_name = "SOURCE|FILE",
        env = "KCOST_PRICES",
        hide_env_values = true,
        hide_short_help = true,
        default_value = Book::names()[0],
    )]
    prices: String,

    /// A label or annotation of nodes that says what they cost an hour.
    ///
    /// A plain number, under a key that has `price` or `cost` in it, in the currency of your
    /// file of prices, else in dollars: for pools and machines of your own. It comes after
    /// that file, and before the list.
    #[arg(
        long,
        value_name = "KEY",
        env = "KCOST_NODE_PRICE",
        hide_env_values = true,
        hide_short_help = true
    )]
    node_price: Option<String>,

    /// An OpenCost that says what nodes, volumes and load balancers really cost.
    ///
    /// Of its assets of the last day, else of its allocations; taken as dollars, so that beside
    /// prices of your own in another currency it takes `usd` there. It comes before the list.
    #[arg(
        long,
        value_name = "URL",
        env = "KCOST_OPENCOST_URL",
        hide_env_values = true,
        hide_short_help = true
    )]
    opencost_url: Option<String>,
}

/// How long an OpenCost may take to answer: it looks up a day in its Prometheus.
const PATIENCE: Duration = Duration::from_secs(30);

impl BookArgs {
    /// # Errors
    ///
    /// Where it is neither a name nor a file, what is wrong in the file, or where an OpenCost
    /// does not answer.
    pub(in crate::cli) fn book(&self) -> Result<Book, Error> {
        let mut book = self.own()?;
        if let Some(key) = &self.node_price {
            check_key(key)?;
            book = book.with_node_prices(key);
        }
        if let Some(url) = &self.opencost_url {
            let billed = block_on(async { Ok(opencost::read(url, PATIENCE).await?) })?;
            book = book.with_billed(billed_by(url, &billed));
        }
        Ok(book)
    }

    /// Without what others say.
    fn own(&self) -> Result<Book, Error> {
        let name = &self.prices;
        if let Some(book) = Book::named(&name.to_lowercase()) {
            return Ok(book);
        }
        let text = fs::read_to_string(name).map_err(|error| Error::Usage {
            text: format!(
                "`--prices {name}` is neither {} nor a file that can be read: {error}{}",
                Book::names().map(|it| format!("`{it}`")).join(", "),
                suggestion(name, Book::names())
            ),
            hint: Some("`kcost prices --help` shows what a file of prices looks like".to_owned()),
        })?;
        let sheet = Sheet::parse(name, &text).map_err(|error| Error::Usage {
            text: error.to_string(),
            hint: error.hint,
        })?;
        Ok(Book::with_sheet(sheet))
    }
}

/// Only what speaks of money is kept of nodes.
fn check_key(key: &str) -> Result<(), Error> {
    let lower = key.to_ascii_lowercase();
    if ["price", "cost"].iter().any(|word| lower.contains(word)) {
        return Ok(());
    }
    Err(Error::Usage {
        text: format!("`--node-price {key}` has neither `price` nor `cost` in it"),
        hint: Some(
            "call the label such as `example.com/hourly-price`: of others no value is read"
                .to_owned(),
        ),
    })
}

fn billed_by(url: &str, said: &opencost::Billed) -> Billed {
    const GIB: f64 = 1_073_741_824.0;
    let money = |it: Option<f64>| it.map(Money::from_f64);
    let nodes = said.nodes.iter().map(|(name, paid)| {
        let rates = paid.cpu.rate().map(|core| Rates {
            cpu_core_hour: core,
            memory_gib_hour: paid.memory.rate().unwrap_or(0.0) * GIB,
            gpu_hour: paid.gpu.rate(),
        });
        let hourly = money(paid.whole.rate());
        (name.clone(), BilledNode { hourly, rates })
    });
    let storage = said.storage.iter().filter_map(|(class, paid)| {
        let gib_month = paid.rate()? * GIB * HOURS_PER_MONTH;
        Some((class.clone(), Money::from_f64(gib_month)))
    });
    Billed {
        url: shown_url(url),
        date: said.end.split('T').next().unwrap_or_default().to_owned(),
        nodes: nodes.collect(),
        storage: storage.collect(),
        load_balancer: money(said.load_balancers.rate()),
    }
}
