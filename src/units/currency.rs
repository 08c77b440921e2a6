use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// A currency by its three letters, ISO 4217: `USD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    pub const USD: Self = Self(*b"USD");
}

impl Default for Currency {
    fn default() -> Self {
        Self::USD
    }
}

/// The letters.
impl Deref for Currency {
    type Target = str;

    fn deref(&self) -> &str {
        // Only letters of ASCII are let in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// Why a text is no currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseCurrencyError(String);

impl fmt::Display for ParseCurrencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a currency such as `EUR`", self.0)
    }
}

impl std::error::Error for ParseCurrencyError {}

impl FromStr for Currency {
    type Err = ParseCurrencyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters: Option<[u8; 3]> = text.as_bytes().try_into().ok();
        let known = letters.filter(|it| it.iter().all(u8::is_ascii_alphabetic));
        known
            .map(|it| Self(it.map(|letter| letter.to_ascii_uppercase())))
            .ok_or_else(|| ParseCurrencyError(text.to_owned()))
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}
