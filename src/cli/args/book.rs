use std::fs;

use clap::Args;

use crate::error::Error;
use crate::price::{Book, Sheet};
use crate::text::suggestion;

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
}

impl BookArgs {
    /// # Errors
    ///
    /// Where it is neither a name nor a file, or what is wrong in the file.
    pub(in crate::cli) fn book(&self) -> Result<Book, Error> {
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
