//! The keys that everything secret hangs on, all derived from one secret.
//!
//! HKDF-SHA-256 (RFC 5869) with a label for each purpose. Losing the secret loses sessions and the
//! addresses of links, never photos.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hkdf, hmac};

use crate::config::SecretKey;
use crate::error::{Error, Result};

/// The length of a session's tag: 128 bits cannot be guessed.
pub const SESSION_TAG_BYTES: usize = 16;

/// The derived keys.
#[derive(Debug)]
pub struct Keys {
    link_seal: LessSafeKey,
    token_seal: LessSafeKey,
    refresh: hmac::Key,
    attempt: hmac::Key,
}

/// What a sealed text is for. A text sealed for one purpose opens for no other.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// Keys of shared links, and the constant that tells whether the secret is the right one.
    Link,
    /// Keys that sign access tokens.
    Token,
}

impl Keys {
    /// Derives the keys. Fails only if the cryptography itself does.
    pub fn derive(secret: &SecretKey) -> Result<Self> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"albumen");
        let root = salt.extract(&secret.0);
        let seal = |label| -> Result<LessSafeKey> {
            let bytes = expand(&root, label)?;
            let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(Error::internal)?;
            Ok(LessSafeKey::new(key))
        };
        Ok(Self {
            link_seal: seal("link-seal")?,
            token_seal: seal("jwt-seal")?,
            refresh: hmac::Key::new(hmac::HMAC_SHA256, &expand(&root, "refresh")?),
            attempt: hmac::Key::new(hmac::HMAC_SHA256, &expand(&root, "attempt")?),
        })
    }

    /// Seals a text with ChaCha20-Poly1305 under a random nonce, which comes first. `context` is
    /// not in the result, and needed to open it.
    pub fn seal(&self, purpose: Purpose, context: &[u8], text: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = text.to_vec();
        self.key(purpose)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut sealed,
            )
            .map_err(Error::internal)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what [`Keys::seal`] made; `None` if it is anything else.
    #[must_use]
    pub fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened = self.key(purpose).open_in_place(nonce, Aad::from(context), &mut text).ok()?;
        Some(opened.to_vec())
    }

    /// The refresh token that follows a given one. The same for the same token, so that a client
    /// that lost the answer can be given it again without storing it.
    #[must_use]
    pub fn next_refresh_secret(&self, secret: &[u8]) -> Vec<u8> {
        hmac::sign(&self.refresh, secret).as_ref().to_vec()
    }

    /// What shows that a refresh token was once given out for a session, whichever it was: the id
    /// alone stands in access tokens too.
    #[must_use]
    pub fn session_tag(&self, session_id: &[u8; 16]) -> Vec<u8> {
        // Ids are shorter than secrets, so that no tag is ever the successor of a secret.
        let mut tag = hmac::sign(&self.refresh, session_id).as_ref().to_vec();
        tag.truncate(SESSION_TAG_BYTES);
        tag
    }

    /// The cookie of a session. What is signed has a length that neither ids nor secrets have, so
    /// that no cookie is ever a tag or a successor.
    #[must_use]
    pub fn session_cookie(&self, session_id: &[u8; 16]) -> Vec<u8> {
        hmac::sign(&self.refresh, &[&session_id[..], b"cookie"].concat()).as_ref().to_vec()
    }

    /// What stands for a guessed-at thing where attempts are counted: it cannot be turned back.
    #[must_use]
    pub fn attempt_key(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.attempt);
        for part in parts {
            // With its length, so that no two lists of parts are the same bytes.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }

    fn key(&self, purpose: Purpose) -> &LessSafeKey {
        match purpose {
            Purpose::Link => &self.link_seal,
            Purpose::Token => &self.token_seal,
        }
    }
}

fn expand(root: &hkdf::Prk, label: &str) -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    let info = [label.as_bytes()];
    let key = root.expand(&info, hkdf::HKDF_SHA256).map_err(Error::internal)?;
    key.fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// Random bytes from the operating system, fit for keys.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// The SHA-256 under which a random secret is stored: it has no structure to guess, so it needs no
/// slow hash.
#[must_use]
pub fn hash(secret: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret).as_ref().to_vec()
}

/// Reads the secret kept in a file.
pub fn read(path: &Path) -> io::Result<SecretKey> {
    let text = fs::read_to_string(path)?;
    let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(SecretKey)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not 32 bytes in base64"))
}

/// Reads the secret kept in a file, or makes the file with a new one.
pub fn read_or_create(path: &Path) -> io::Result<SecretKey> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SecretKey(random::<32>().map_err(io::Error::other)?);
            write(path, &key)?;
            Ok(key)
        }
        result => result,
    }
}

/// Keeps a secret in a file for its owner only. Writes aside and renames into place, so that the
/// file is whole or not there.
pub fn write(path: &Path, key: &SecretKey) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(STANDARD.encode(key.0).as_bytes())?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::derive(&SecretKey([7; 32])).unwrap()
    }

    #[test]
    fn a_sealed_text_opens_for_its_purpose_and_context_only() {
        let sealed = keys().seal(Purpose::Link, b"id", b"text").unwrap();
        assert_eq!(keys().open(Purpose::Link, b"id", &sealed).unwrap(), b"text");
        assert!(keys().open(Purpose::Token, b"id", &sealed).is_none());
        assert!(keys().open(Purpose::Link, b"other", &sealed).is_none());
        let other = Keys::derive(&SecretKey([8; 32])).unwrap();
        assert!(other.open(Purpose::Link, b"id", &sealed).is_none());
    }

    #[test]
    fn every_damage_to_a_sealed_text_is_noticed() {
        let sealed = keys().seal(Purpose::Link, b"", b"text").unwrap();
        for index in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[index] ^= 1;
            assert!(keys().open(Purpose::Link, b"", &damaged).is_none());
            assert!(keys().open(Purpose::Link, b"", &sealed[..index]).is_none());
        }
    }

    #[test]
    fn the_secret_is_made_once_and_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let first = read_or_create(&path).unwrap();
        assert!(first == read_or_create(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").unwrap();
        assert!(read_or_create(&path).is_err());
    }
}
