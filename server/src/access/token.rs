//! Access tokens: JWTs signed with Ed25519 (RFC 8037), for users and for guests.

use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ed25519::PROVIDER;
use crate::entity::shared_link::Model as SharedLink;
use crate::error::{Error, Result};
use crate::id::{SessionId, SharedLinkId, SigningKeyId, UserId, VisitorId};
use crate::time::Micros;

const ISSUER: &str = "albumen";
const USER: &str = "user";
const LINK: &str = "link";
/// How long a new key is published before it signs: until then every server has read it, and so
/// has whoever keeps the public keys for as long as they may.
const PUBLICATION: Duration = Duration::from_secs(120);
/// How much longer a key reads than it would have to: clocks of servers differ, and calls that
/// began to sign take a moment.
const MARGIN: Duration = Duration::from_secs(300);

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

/// A key as it comes from the table.
pub struct SigningKey {
    /// The key id in a token's header.
    pub id: SigningKeyId,
    /// The Ed25519 key in PKCS#8.
    pub pkcs8: Vec<u8>,
    /// When it was made.
    pub create_time: Micros,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.id).finish()
    }
}

/// Signs and reads tokens, with the keys that were known at some moment.
#[derive(Debug)]
pub struct Tokens {
    /// At least one, oldest first.
    keys: Vec<Key>,
    longest_ttl: Duration,
}

struct Key {
    id: SigningKeyId,
    create_time: Micros,
    public: Vec<u8>,
    signer: EncodingKey,
    verifier: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Key").field(&self.id).finish()
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
    /// Signs with the newest of `keys` that has been there long enough for every server to know
    /// it, and reads what any of them can have signed. The oldest comes first. No token is good for
    /// longer than `longest_ttl`. Fails without a key.
    pub fn new(keys: &[SigningKey], longest_ttl: Duration) -> Result<Self> {
        // The second call in a process finds the first one's provider, which is the same.
        let _ = PROVIDER.install_default();
        if keys.is_empty() {
            return Err(Error::internal("no signing key"));
        }
        let keys: Result<Vec<_>> = keys.iter().map(Key::new).collect();
        Ok(Self { keys: keys?, longest_ttl })
    }

    /// The keys whose tokens are read at this time, oldest first: the id of each, and the 32 bytes
    /// with which anybody can verify.
    pub fn public_keys(&self, now: Micros) -> impl Iterator<Item = (SigningKeyId, &[u8])> {
        let keys =
            self.keys.iter().enumerate().filter(move |(index, _)| !self.has_ended(*index, now));
        keys.map(|(_, key)| (key.id, key.public.as_slice()))
    }

    /// The keys of which no token is good any more.
    pub fn ended(&self, now: Micros) -> impl Iterator<Item = SigningKeyId> {
        let keys =
            self.keys.iter().enumerate().filter(move |(index, _)| self.has_ended(*index, now));
        keys.map(|(_, key)| key.id)
    }

    /// Whether a token names a key that is not among these.
    #[must_use]
    pub fn lacks_key_of(&self, token: &str) -> bool {
        key_id(token).is_some_and(|id| self.keys.iter().all(|key| key.id != id))
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
            now,
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
            now,
            expire_time,
        )
    }

    /// Reads a token. Fails if it is not ours or has ended.
    pub fn read(&self, token: &str, now: Micros) -> Result<Claim> {
        self.user(token, now).or_else(|| self.guest(token, now)).ok_or(Error::CredentialInvalid)
    }

    fn user(&self, token: &str, now: Micros) -> Option<Claim> {
        let claims: UserClaims = self.verified(token, USER, now)?;
        let claim = Claim::User(UserId::parse(&claims.sub)?, SessionId::parse(&claims.sid)?);
        (claims.exp > now.seconds()).then_some(claim)
    }

    fn guest(&self, token: &str, now: Micros) -> Option<Claim> {
        let claims: LinkClaims = self.verified(token, LINK, now)?;
        let link = SharedLinkId::parse(&claims.link_id)?;
        let visitor = VisitorId::parse(&claims.visitor_id)?;
        let claim = Claim::Guest(link, visitor, claims.password_version);
        (claims.exp > now.seconds()).then_some(claim)
    }

    fn sign(
        &self,
        claims: &impl Serialize,
        now: Micros,
        expire_time: Micros,
    ) -> Result<AccessToken> {
        let published = self.keys.iter().rfind(|key| key.create_time.after(PUBLICATION) <= now);
        // All of them are new at the first start only, when nobody can know any other.
        let key =
            published.or(self.keys.first()).ok_or_else(|| Error::internal("no signing key"))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.id.to_string());
        let token = encode(&header, claims, &key.signer).map_err(Error::internal)?;
        Ok(AccessToken { token, expire_time })
    }

    /// Whether the last token that a key can have signed is dead: it signs until the next one does.
    fn has_ended(&self, index: usize, now: Micros) -> bool {
        let next = self.keys.get(index + 1);
        next.is_some_and(|next| {
            next.create_time.after(PUBLICATION).after(self.longest_ttl).after(MARGIN) <= now
        })
    }

    /// One algorithm, whatever the header says. The end of the token is checked by the caller,
    /// against the server's clock.
    fn verified<T: DeserializeOwned>(&self, token: &str, audience: &str, now: Micros) -> Option<T> {
        let id = key_id(token)?;
        let index = self.keys.iter().position(|key| key.id == id)?;
        let key = self.keys.get(index).filter(|_| !self.has_ended(index, now))?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[audience]);
        decode(token, &key.verifier, &validation).ok().map(|token| token.claims)
    }
}

impl Key {
    fn new(key: &SigningKey) -> Result<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(&key.pkcs8).map_err(Error::internal)?;
        let public = pair.public_key().as_ref().to_vec();
        Ok(Self {
            id: key.id,
            create_time: key.create_time,
            signer: EncodingKey::from_ed_der(&key.pkcs8),
            verifier: DecodingKey::from_ed_der(&public),
            public,
        })
    }
}

/// The id of the key that a token names.
fn key_id(token: &str) -> Option<SigningKeyId> {
    SigningKeyId::parse(decode_header(token).ok()?.kid.as_deref()?)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const NOW: Micros = Micros(1_800_000_000_000_000);
    const TTL: Duration = Duration::from_secs(60);

    fn key(id: SigningKeyId, create_time: Micros) -> SigningKey {
        SigningKey { id, pkcs8: generate().unwrap(), create_time }
    }

    fn tokens(id: SigningKeyId) -> Tokens {
        Tokens::new(&[key(id, NOW)], TTL).unwrap()
    }

    #[test]
    fn a_token_is_good_until_it_ends() {
        let tokens = tokens(SigningKeyId::generate());
        let (user, session) = (UserId::generate(), SessionId::generate());
        let token = tokens.for_user(user, session, NOW, TTL).unwrap();
        assert_eq!(tokens.read(&token.token, NOW).unwrap(), Claim::User(user, session));
        assert!(tokens.read(&token.token, token.expire_time).is_err());
    }

    #[test]
    fn another_key_another_algorithm_and_any_damage_are_refused() {
        let id = SigningKeyId::NIL;
        let ours = tokens(id);
        let token = ours.for_user(UserId::generate(), SessionId::generate(), NOW, TTL).unwrap();
        assert!(ours.read(&token.token, NOW).is_ok());
        assert!(tokens(id).read(&token.token, NOW).is_err());
        assert!(tokens(SigningKeyId::generate()).read(&token.token, NOW).is_err());
        let (head, rest) = token.token.split_once('.').unwrap();
        let head = String::from_utf8(URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
        for algorithm in ["none", "HS256"] {
            let other = head.replace("EdDSA", algorithm);
            assert_ne!(head, other);
            let other = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(other));
            assert!(ours.read(&other, NOW).is_err());
        }
        for end in 0..token.token.len() {
            assert!(ours.read(&token.token[..end], NOW).is_err());
        }
    }

    #[test]
    fn a_new_key_is_published_before_it_signs_and_an_old_one_reads_as_long_as_its_tokens() {
        let [old, new] = [SigningKeyId::generate(), SigningKeyId::generate()];
        let made = NOW.after(TTL);
        let tokens = Tokens::new(&[key(old, NOW), key(new, made)], TTL).unwrap();
        let signs = made.after(PUBLICATION);
        let signed = |now| {
            let token = tokens.for_user(UserId::generate(), SessionId::generate(), now, TTL);
            key_id(&token.unwrap().token).unwrap()
        };
        assert_eq!(signed(made), old);
        assert_eq!(signed(Micros(signs.0 - 1)), old);
        assert_eq!(signed(signs), new);
        let ended = |now| tokens.ended(now).collect::<Vec<_>>();
        let public = |now| tokens.public_keys(now).map(|(id, _)| id).collect::<Vec<_>>();
        let end = signs.after(TTL).after(MARGIN);
        assert_eq!((ended(signs), public(signs)), (vec![], vec![old, new]));
        assert_eq!((ended(end), public(end)), (vec![old], vec![new]));
    }
}
