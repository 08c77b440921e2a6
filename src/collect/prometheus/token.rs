//! A bearer token that changes while kcost runs, as those of the kubelet do.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use super::access;
use super::error::PrometheusError;
use super::options::{Credentials, Secret};

/// Where a token comes from, and what it was last.
#[derive(Debug)]
pub(super) struct Token {
    source: Source,
    last: Mutex<Secret>,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    /// With the time that it has.
    Command(String, Duration),
}

impl Source {
    fn read(&self) -> Result<Secret, PrometheusError> {
        match self {
            Self::File(path) => access::token_of_file(path),
            Self::Command(command, wait) => access::token_of_command(command, *wait),
        }
        .map(Secret::new)
    }
}

impl Token {
    /// `None` where the credentials are no such token.
    pub(super) fn new(
        credentials: &Credentials,
        wait: Duration,
    ) -> Result<Option<Self>, PrometheusError> {
        let source = match credentials {
            Credentials::TokenFile(path) => Source::File(path.clone()),
            Credentials::TokenCommand(command) => Source::Command(command.clone(), wait),
            _ => return Ok(None),
        };
        let last = Mutex::new(source.read()?);
        Ok(Some(Self { source, last }))
    }

    /// For the next request. A file is read each time; where that fails, what it
    /// said before may still do.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        if matches!(self.source, Source::File(_)) {
            self.renew();
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut value = HeaderValue::from_str(&format!("Bearer {}", last.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// As it was last sent.
    pub(super) fn last(&self) -> Secret {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Gets the token again; whether it is another one.
    pub(super) fn renew(&self) -> bool {
        let Ok(token) = self.source.read() else {
            return false;
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *last != token;
        *last = token;
        is_new
    }
}
