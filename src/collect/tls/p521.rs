//! ECDSA on P-521, which ring does not have and Go does.

use std::sync::Arc;

use p521::SecretKey;
use p521::ecdsa::signature::Signer as _;
use p521::ecdsa::signature::hazmat::PrehashVerifier as _;
use p521::ecdsa::{Signature, SigningKey, VerifyingKey};
use p521::pkcs8::DecodePrivateKey as _;
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, PrivateKeyDer, SignatureVerificationAlgorithm,
    SubjectPublicKeyInfoDer, alg_id,
};
use rustls::sign::public_key_to_spki;
use rustls::sign::{self, Signer};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Bytes of a number below the order of the curve.
const SCALAR: usize = 66;

/// How P-521 signs: SHA-512 in TLS, any of them in certificates. TLS 1.3 takes
/// the first alone.
pub(super) static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 3] = [
    &Verification {
        hash: |message| Sha512::digest(message).to_vec(),
        id: alg_id::ECDSA_SHA512,
    },
    &Verification {
        hash: |message| Sha384::digest(message).to_vec(),
        id: alg_id::ECDSA_SHA384,
    },
    &Verification {
        hash: |message| Sha256::digest(message).to_vec(),
        id: alg_id::ECDSA_SHA256,
    },
];

#[derive(Debug)]
struct Verification {
    hash: fn(&[u8]) -> Vec<u8>,
    id: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Verification {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.id
    }

    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        let hash = (self.hash)(message);
        // A hash is a number, and all of them are shorter than the order.
        let mut number = vec![0; SCALAR - hash.len()];
        number.extend(hash);
        let verified = key.verify_prehash(&number, &signature);
        verified.map_err(|_| InvalidSignature)
    }
}

/// A private key on P-521; `None` where it is anything else.
pub(super) fn key(der: &PrivateKeyDer<'_>) -> Option<Arc<dyn sign::SigningKey>> {
    let secret = match der {
        PrivateKeyDer::Pkcs8(der) => SecretKey::from_pkcs8_der(der.secret_pkcs8_der()).ok(),
        PrivateKeyDer::Sec1(der) => SecretKey::from_sec1_der(der.secret_sec1_der()).ok(),
        _ => None,
    };
    let key = SigningKey::from(secret?);
    Some(Arc::new(Key(Arc::new(key))))
}

#[derive(Clone)]
struct Key(Arc<SigningKey>);

/// Nothing of what is secret.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("P-521 key")
    }
}

impl sign::SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let fits = offered.contains(&SignatureScheme::ECDSA_NISTP521_SHA512);
        fits.then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        let point = self.0.verifying_key().to_sec1_point(false);
        Some(public_key_to_spki(&alg_id::ECDSA_P521, point.as_bytes()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signed: Result<Signature, _> = self.0.try_sign(message);
        let signature = signed.map_err(|_| Error::General("P-521 cannot sign".to_owned()))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6979, A.2.7: the key, and what it signs of `sample`.
    const SECRET: &str = "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538";
    const WITH_SHA256: (&str, &str) = (
        "01511bb4d675114fe266fc4372b87682baecc01d3cc62cf2303c92b3526012659d16876e25c7c1e57648f23b73564d67f61c6f14d527d54972810421e7d87589e1a7",
        "004a171143a83163d6df460aaf61522695f207a58b95c0644d87e52aa1a347916e4f7a72930b1bc06dbe22ce3f58264afd23704cbb63b29b931f7de6c9d949a7ecfc",
    );
    const WITH_SHA512: (&str, &str) = (
        "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa",
        "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
    );

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.map(byte).collect()
    }

    fn signature((r, s): (&str, &str)) -> Vec<u8> {
        let both = [bytes(r), bytes(s)].concat();
        let signature = Signature::from_slice(&both).unwrap();
        signature.to_der().as_bytes().to_vec()
    }

    #[test]
    fn signs_and_verifies_as_the_standard_says() {
        let key = SigningKey::from_slice(&bytes(SECRET)).unwrap();
        let public = key.verifying_key().to_sec1_point(false);
        let key = Key(Arc::new(key));
        assert_eq!(key.sign(b"sample").unwrap(), signature(WITH_SHA512));
        let [sha512, _, sha256] = ALGORITHMS;
        let verify = |algorithm: &dyn SignatureVerificationAlgorithm, text: &[u8], which| {
            algorithm.verify_signature(public.as_bytes(), text, &signature(which))
        };
        assert!(verify(sha512, b"sample", WITH_SHA512).is_ok());
        assert!(verify(sha256, b"sample", WITH_SHA256).is_ok());
        assert!(verify(sha512, b"simple", WITH_SHA512).is_err());
        assert!(verify(sha256, b"sample", WITH_SHA512).is_err());
    }
}
