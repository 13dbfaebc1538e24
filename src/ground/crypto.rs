//! Secrets, as named operations: the only place that knows the crates which do the arithmetic.
//!
//! Secrets are random, compared in constant time, stored as hashes, and never logged: the types here show no bytes.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::Digest as _;
use ring::rand::SecureRandom as _;
use ring::{aead, digest, hkdf, hmac, pbkdf2, rand};
use subtle::ConstantTimeEq as _;

/// Fills `bytes` from the system's random source.
pub fn fill_random(bytes: &mut [u8]) {
    rand::SystemRandom::new().fill(bytes).expect("the system has a random source");
}

/// A new token for an address or a header: 144 random bits as 24 letters, digits, `-` and `_`.
pub fn new_token() -> String {
    let mut bytes = [0; 18];
    fill_random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A new code for people to type: `digits` decimal digits.
pub fn new_digits(digits: usize) -> String {
    let mut text = String::with_capacity(digits);
    while text.len() < digits {
        let mut byte = [0];
        fill_random(&mut byte);
        if byte[0] < 250 {
            text.push(char::from(b'0' + byte[0] % 10));
        }
    }
    text
}

/// What is stored of a token: it finds the row, and cannot be turned back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of `token`.
    pub fn of(token: &str) -> Self {
        Self(sha256(token.as_bytes()))
    }
}
impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// SHA-1 (FIPS 180-4), for the handshake of WebSockets (RFC 6455, section 1.3), where nothing rests on its strength.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    hash.as_ref().try_into().expect("SHA-1 has 20 bytes")
}

/// MD5 (RFC 1321), for Digest authentication and nothing else.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    md5::Md5::digest(bytes).into()
}

/// Whether two secrets are the same, in a time that depends on their lengths alone.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// A key that signs what the gateway gives out, and knows it again.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// Length of the key's bytes.
    pub const BYTES: usize = 32;
    /// Length of a signature.
    pub const SIGNATURE_BYTES: usize = 16;

    /// The key made of `bytes`.
    pub fn new(bytes: &[u8; Self::BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// HMAC-SHA-256 of `message`, its first 16 bytes (RFC 2104, section 5).
    pub fn sign(&self, message: &[u8]) -> [u8; Self::SIGNATURE_BYTES] {
        let tag = hmac::sign(&self.0, message);
        tag.as_ref()[..Self::SIGNATURE_BYTES].try_into().expect("a tag is longer")
    }

    /// Whether `signature` is this key's for `message`. Constant time.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        same(&self.sign(message), signature)
    }
}
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// A secret that keys for other purposes are derived from (HKDF-SHA-256, RFC 5869).
pub struct RootKey(hkdf::Prk);

impl RootKey {
    /// The root key made of `bytes`, which are random.
    pub fn new(bytes: &[u8; SigningKey::BYTES]) -> Self {
        Self(hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, bytes))
    }

    /// The key for one purpose and one holder: the same each time, and another for every other.
    pub fn sealing_key(&self, purpose: &str, whose: &[u8]) -> SealingKey {
        let mut bytes = [0; SealingKey::BYTES];
        let info = [purpose.as_bytes(), whose];
        self.0
            .expand(&info, &aead::AES_128_GCM)
            .and_then(|okm| okm.fill(&mut bytes))
            .expect("HKDF-SHA-256 gives up to 8,160 bytes");
        SealingKey(bytes)
    }
}
impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootKey(…)")
    }
}

/// A key for AES-128-GCM (NIST SP 800-38D), held by the gateway and one phone.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey([u8; Self::BYTES]);

impl SealingKey {
    /// Length of the key.
    pub const BYTES: usize = 16;
    /// Length of the nonce that a sealed text begins with.
    pub const NONCE_BYTES: usize = aead::NONCE_LEN;

    /// The key as the phone is told it, in base64url (RFC 4648, section 5).
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What was sealed as nonce, ciphertext and tag, for `context`; `None` where anything of it is not as it was.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(Self::NONCE_BYTES)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_128_GCM, &self.0).ok()?);
        let mut text = text.to_vec();
        let length = key.open_in_place(nonce, aead::Aad::from(context), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}
impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// A PIN as it is stored: PBKDF2-HMAC-SHA-256 with its own salt (RFC 8018, section 5.2). Slow on purpose: about
/// a third of a second, never on the event loop.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PinHash {
    rounds: u32,
    salt: [u8; 16],
    hash: [u8; 32],
}

impl PinHash {
    /// Rounds of new hashes.
    pub const ROUNDS: u32 = 600_000;

    /// Hashes `pin` with `rounds` rounds and a new salt.
    pub fn new(pin: &str, rounds: u32) -> Self {
        let rounds = rounds.max(1);
        let (mut salt, mut hash) = ([0; 16], [0; 32]);
        fill_random(&mut salt);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, nonzero(rounds), &salt, pin.as_bytes(), &mut hash);
        Self { rounds, salt, hash }
    }

    /// Whether `pin` is the one that was hashed. Constant time.
    pub fn verify(&self, pin: &str) -> bool {
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, nonzero(self.rounds), &self.salt, pin.as_bytes(), &self.hash).is_ok()
    }
}
impl std::fmt::Debug for PinHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinHash(…)")
    }
}

fn nonzero(rounds: u32) -> NonZeroU32 {
    NonZeroU32::new(rounds).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(md5(b"abc")[..4], [0x90, 0x01, 0x50, 0x98]);
        assert_eq!(sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn signatures_hold_for_their_message_only() {
        let key = SigningKey::new(&[7; 32]);
        let signature = key.sign(b"share 1");
        assert!(key.verify(b"share 1", &signature));
        assert!(!key.verify(b"share 2", &signature));
        assert!(!key.verify(b"share 1", &signature[..15]));
        assert!(!SigningKey::new(&[8; 32]).verify(b"share 1", &signature));
    }

    #[test]
    fn sealed_texts_are_opened_by_their_key_in_their_context_only() {
        // AES-128-GCM, test case 4 of McGrew and Viega's proposal to NIST, tag and all.
        let bytes = |hex: &str| -> Vec<u8> {
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect()
        };
        let key = SealingKey(bytes("feffe9928665731c6d6a8f9467308308").try_into().expect("16 bytes"));
        let context = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let sealed = bytes(concat!(
            "cafebabefacedbaddecaf888",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e",
            "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
            "5bc94fbc3221a5db94fae95ae7121a47",
        ));
        let opened = key.open(&sealed, &context).expect("it is the published one");
        assert_eq!((opened.len(), &opened[..4]), (60, &bytes("d9313225")[..]));
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(key.open(&other, &context), None, "byte {at}");
            assert_eq!(key.open(&sealed[..at], &context), None, "{at} bytes");
        }
        assert_eq!(key.open(&sealed, b"another"), None);

        let root = RootKey::new(&[7; 32]);
        let key = root.sealing_key("a", b"1");
        assert_eq!(key, RootKey::new(&[7; 32]).sealing_key("a", b"1"));
        assert!(key != root.sealing_key("a", b"2") && key != root.sealing_key("b", b"1"));
        assert_eq!((key.text().len(), format!("{key:?}")), (22, "SealingKey(…)".to_owned()));
    }

    #[test]
    fn pins_are_known_again_and_shown_never() {
        let pin = PinHash::new("1234", 10);
        assert!(pin.verify("1234"));
        assert!(!pin.verify("1235"));
        assert_ne!(pin, PinHash::new("1234", 10), "each has its own salt");
        assert_eq!(format!("{pin:?}"), "PinHash(…)");
    }

    #[test]
    fn tokens_and_codes_have_their_shapes() {
        assert_eq!(new_token().len(), 24);
        assert_ne!(new_token(), new_token());
        assert!(new_digits(6).bytes().all(|digit| digit.is_ascii_digit()));
        assert_eq!(new_digits(6).len(), 6);
    }
}
