//! Access tokens: JWTs signed with Ed25519 (RFC 8037), for users and for guests.

use std::collections::HashMap;
use std::time::Duration;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::entity::shared_link::Model as SharedLink;
use crate::error::{Error, Result};
use crate::id::{SessionId, SharedLinkId, UserId, VisitorId};
use crate::time::Micros;

const ISSUER: &str = "albumen";
const USER: &str = "user";
const LINK: &str = "link";

/// What a token says of its bearer. It is believed only after the database was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A user in a session.
    User(UserId, SessionId),
    /// A guest who opened a link when its password had this version.
    Guest(SharedLinkId, VisitorId, i32),
}

/// A signed token.
#[derive(Debug)]
pub struct AccessToken {
    /// The token as it is sent.
    pub token: String,
    /// When it ends.
    pub expire_time: Micros,
}

/// Signs and reads tokens.
pub struct Tokens {
    key_id: String,
    signer: EncodingKey,
    verifiers: HashMap<String, DecodingKey>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct UserClaims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct LinkClaims {
    iss: String,
    aud: String,
    link_id: String,
    visitor_id: String,
    password_version: i32,
    iat: i64,
    exp: i64,
}

/// Makes a new signing key, in PKCS#8.
pub fn generate() -> Result<Vec<u8>> {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(Error::internal)?;
    Ok(key.as_ref().to_vec())
}

impl Tokens {
    /// Signs with the last of `keys`, and reads what any of them signed. Each is a key id and a
    /// key in PKCS#8.
    pub fn new(keys: &[(String, Vec<u8>)]) -> Result<Self> {
        // The second call in a process finds the first one's provider, which is the same.
        let _ = PROVIDER.install_default();
        let mut verifiers = HashMap::new();
        for (id, key) in keys {
            let pair = Ed25519KeyPair::from_pkcs8(key).map_err(Error::internal)?;
            verifiers.insert(id.clone(), DecodingKey::from_ed_der(pair.public_key().as_ref()));
        }
        let (id, key) = keys.last().ok_or_else(|| Error::internal("no signing key"))?;
        Ok(Self { key_id: id.clone(), signer: EncodingKey::from_ed_der(key), verifiers })
    }

    /// A token for a user in a session, good for `ttl`.
    pub fn for_user(
        &self,
        user: UserId,
        session: SessionId,
        now: Micros,
        ttl: Duration,
    ) -> Result<AccessToken> {
        let expire_time = now.after(ttl);
        self.sign(
            &UserClaims {
                iss: ISSUER.to_owned(),
                aud: USER.to_owned(),
                sub: user.to_string(),
                sid: session.to_string(),
                iat: now.seconds(),
                exp: expire_time.seconds(),
            },
            expire_time,
        )
    }

    /// A token for a guest of a link, good for `ttl` or as long as the link.
    pub fn for_guest(
        &self,
        link: &SharedLink,
        visitor_id: VisitorId,
        now: Micros,
        ttl: Duration,
    ) -> Result<AccessToken> {
        let expire_time = now.after(ttl).min(link.expire_time.unwrap_or(Micros(i64::MAX)));
        self.sign(
            &LinkClaims {
                iss: ISSUER.to_owned(),
                aud: LINK.to_owned(),
                link_id: link.id.to_string(),
                visitor_id: visitor_id.to_string(),
                password_version: link.password_version,
                iat: now.seconds(),
                exp: expire_time.seconds(),
            },
            expire_time,
        )
    }

    /// Reads a token. Fails if it is not ours or has ended.
    pub fn read(&self, token: &str, now: Micros) -> Result<Claim> {
        self.user(token, now).or_else(|| self.guest(token, now)).ok_or(Error::CredentialInvalid)
    }

    fn user(&self, token: &str, now: Micros) -> Option<Claim> {
        let claims: UserClaims = self.verified(token, USER)?;
        let claim = Claim::User(UserId::parse(&claims.sub)?, SessionId::parse(&claims.sid)?);
        (claims.exp > now.seconds()).then_some(claim)
    }

    fn guest(&self, token: &str, now: Micros) -> Option<Claim> {
        let claims: LinkClaims = self.verified(token, LINK)?;
        let link = SharedLinkId::parse(&claims.link_id)?;
        let visitor = VisitorId::parse(&claims.visitor_id)?;
        let claim = Claim::Guest(link, visitor, claims.password_version);
        (claims.exp > now.seconds()).then_some(claim)
    }

    fn sign(&self, claims: &impl Serialize, expire_time: Micros) -> Result<AccessToken> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id.clone());
        let token = encode(&header, claims, &self.signer).map_err(Error::internal)?;
        Ok(AccessToken { token, expire_time })
    }

    /// One algorithm, whatever the header says. The time is checked by the caller, against the
    /// server's clock.
    fn verified<T: DeserializeOwned>(&self, token: &str, audience: &str) -> Option<T> {
        let key = self.verifiers.get(decode_header(token).ok()?.kid.as_deref()?)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[audience]);
        decode(token, key, &validation).ok().map(|token| token.claims)
    }
}

/// Ed25519 by ring, which TLS and sealing use already; the alternatives bring a second library.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::EdDSA => Ok(Box::new(Ed25519Signer(key.as_bytes().to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::EdDSA => Ok(Box::new(Ed25519Verifier(key.try_get_as_bytes()?.to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Ed25519Signer(Vec<u8>);

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let pair = Ed25519KeyPair::from_pkcs8(&self.0).map_err(|_| SignatureError::new())?;
        Ok(pair.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Ed25519Verifier(Vec<u8>);

impl Verifier<Vec<u8>> for Ed25519Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Ed25519Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros(1_800_000_000_000_000);
    const TTL: Duration = Duration::from_secs(60);

    fn tokens(id: &str) -> Tokens {
        Tokens::new(&[(id.to_owned(), generate().unwrap())]).unwrap()
    }

    #[test]
    fn a_token_is_good_until_it_ends() {
        let tokens = tokens("a");
        let (user, session) = (UserId::generate(), SessionId::generate());
        let token = tokens.for_user(user, session, NOW, TTL).unwrap();
        assert_eq!(tokens.read(&token.token, NOW).unwrap(), Claim::User(user, session));
        assert!(tokens.read(&token.token, token.expire_time).is_err());
    }

    #[test]
    fn another_key_another_algorithm_and_any_damage_are_refused() {
        let ours = tokens("a");
        let token = ours.for_user(UserId::generate(), SessionId::generate(), NOW, TTL).unwrap();
        assert!(tokens("a").read(&token.token, NOW).is_err());
        assert!(tokens("b").read(&token.token, NOW).is_err());
        let (_, rest) = token.token.split_once('.').unwrap();
        // {"alg":"none","kid":"a"}
        assert!(ours.read(&format!("eyJhbGciOiJub25lIiwia2lkIjoiYSJ9.{rest}"), NOW).is_err());
        for end in 0..token.token.len() {
            assert!(ours.read(&token.token[..end], NOW).is_err());
        }
    }
}
