//! ring, and P-521 beside it.

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, KeyProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{Error, SignatureScheme};

use super::p521;

/// Made once, because rustls holds on to its lists for good.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        signature_verification_algorithms: algorithms(),
        key_provider: &Keys,
        ..ring::default_provider()
    })
});

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::clone(&PROVIDER)
}

/// Makes it that of the process, for what kube makes by itself.
pub(super) fn install() {
    // Whoever came before may stay: then that is what this process speaks.
    let _ = CryptoProvider::clone(&PROVIDER).install_default();
}

/// Those of ring, and after them those of P-521.
fn algorithms() -> WebPkiSupportedAlgorithms {
    let known = ring::default_provider().signature_verification_algorithms;
    let mut all = known.all.to_vec();
    all.extend(p521::ALGORITHMS);
    let mut mapping = known.mapping.to_vec();
    mapping.push((SignatureScheme::ECDSA_NISTP521_SHA512, &p521::ALGORITHMS));
    WebPkiSupportedAlgorithms {
        all: all.leak(),
        mapping: mapping.leak(),
    }
}

#[derive(Debug)]
struct Keys;

impl KeyProvider for Keys {
    fn load_private_key(&self, der: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        match ring::sign::any_supported_type(&der) {
            Ok(key) => Ok(key),
            Err(error) => p521::key(&der).ok_or(error),
        }
    }
}
