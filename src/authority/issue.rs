//! Making certificates: the authority's own, and the server's by it.
//!
//! What Apple's devices ask of a server certificate (support.apple.com/103769): SHA-256, the name in subjectAltName,
//! the purpose serverAuth, at most 398 days. Keys are P-256: small, quick, and known to every TV.

use std::time::Duration;

use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};

use super::AuthorityError;
use super::name_constraints::{PermittedSubtrees, Subnet};
use super::renewal::CertificateContents;
use crate::ground::crypto;
use crate::ground::time::UnixMs;

/// The authority: its key and its certificate.
pub(super) struct Root {
    issuer: Issuer<'static, KeyPair>,
    der: Bytes,
    fingerprint: String,
    permitted: Option<PermittedSubtrees>,
}

impl Root {
    /// A new authority for the names of `permitted`, and its key and certificate as they are kept (text, and PEM).
    pub fn make(permitted: PermittedSubtrees) -> Result<(Self, String), AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut parameters = parameters(&key);
        parameters.name_constraints = Some(constraints(&permitted));
        let certificate = parameters.self_signed(&key)?;
        let der = Bytes::copy_from_slice(certificate.der());
        let text = permitted.to_text() + &key.serialize_pem() + &certificate.pem();
        Ok((Self::of(key, der, Some(permitted)), text))
    }

    /// The authority with this key and certificate, which may sign for `permitted` alone; for anything where there is
    /// none.
    pub fn of(key: KeyPair, der: Bytes, permitted: Option<PermittedSubtrees>) -> Self {
        let fingerprint = fingerprint(&der);
        Self { issuer: Issuer::new(parameters(&key), key), der, fingerprint, permitted }
    }

    /// Whether it may sign for the home alone.
    pub fn is_limited(&self) -> bool {
        self.permitted.is_some()
    }

    /// Which of `names` it may sign for, and which not.
    pub fn sort(&self, names: Vec<String>) -> (Vec<String>, Vec<String>) {
        names.into_iter().partition(|name| self.permitted.as_ref().is_none_or(|permitted| permitted.allow(name)))
    }

    /// Its certificate (DER).
    pub fn der(&self) -> &Bytes {
        &self.der
    }

    /// SHA-256 of its certificate, in hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A server's key and certificate with these contents (PEM).
    pub fn issue(&self, contents: &CertificateContents) -> Result<String, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut parameters = CertificateParams::new(contents.names.clone())?;
        parameters.distinguished_name.push(DnType::CommonName, "Lareira");
        let date = |at: UnixMs| date_time_ymd(1970, 1, 1) + Duration::from_secs(at.0.max(0) as u64 / 1000);
        parameters.not_before = date(contents.from);
        parameters.not_after = date(contents.until);
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        Ok(key.serialize_pem() + &certificate.pem())
    }
}

fn constraints(permitted: &PermittedSubtrees) -> NameConstraints {
    let names = permitted.names.iter().map(|name| GeneralSubtree::DnsName(name.clone()));
    let addresses = permitted
        .addresses
        .iter()
        .map(|Subnet { address, prefix }| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, *prefix)));
    NameConstraints { permitted_subtrees: names.chain(addresses).collect(), excluded_subtrees: Vec::new() }
}

/// What the authority's certificate says, but for its limits. Follows from its key alone. Its dates are fixed, so that no clock, however
/// wrong on the first start, makes an authority that is not good yet or no more.
fn parameters(key: &KeyPair) -> CertificateParams {
    let mark = &fingerprint(key.public_key_raw())[..6];
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, format!("Lareira at home {mark}"));
    parameters.not_before = date_time_ymd(2025, 1, 1);
    parameters.not_after = date_time_ymd(2049, 12, 31);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

/// SHA-256 in hexadecimal.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    crypto::sha256(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_rustls::pki_types::pem::PemObject as _;
    use futures_rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use futures_rustls::rustls::client::WebPkiServerVerifier;
    use futures_rustls::rustls::client::danger::ServerCertVerifier as _;
    use futures_rustls::rustls::{CertificateError, Error, RootCertStore, crypto};

    use super::*;
    use crate::authority::renewal::EARLIEST;

    /// What somebody who trusts `root` says of a certificate that it has signed for `name`.
    fn judged(root: &Root, name: &'static str) -> Result<(), Error> {
        let text =
            root.issue(&CertificateContents::new(root.fingerprint(), vec![name.to_owned()], EARLIEST)).expect("signed");
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root.der().to_vec())).expect("an authority");
        let provider = Arc::new(crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().expect("a verifier");
        let now = UnixTime::since_unix_epoch(Duration::from_millis(EARLIEST.0 as u64));
        let name = ServerName::try_from(name).expect("a name");
        verifier.verify_server_cert(&certificate, &[], &name, &[], now).map(drop)
    }

    #[test]
    fn nobody_believes_it_beyond_its_limits() {
        let (root, _) = Root::make(PermittedSubtrees::with(&["tv.example".to_owned()])).expect("made");
        for name in
            ["localhost", "lareira.local", "nas.lan", "tv.example", "127.0.0.1", "192.168.1.2", "fd00::7", "::1"]
        {
            assert_eq!(judged(&root, name), Ok(()), "{name}");
        }
        for name in ["www.example", "example", "8.8.8.8", "2001:db8::1"] {
            let error = judged(&root, name).expect_err(name);
            assert!(!matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer)), "{name}: {error}");
            assert!(error.to_string().contains("NameConstraintViolation"), "{name}: {error}");
        }
    }
}
