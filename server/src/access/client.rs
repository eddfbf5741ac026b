//! What a call comes with besides its credential and its message.

use http::{Extensions, HeaderMap};
use tonic::metadata::{Ascii, MetadataValue};

use super::cookie::{self, Cookie, CookieName};
use super::{IsSecure, Network};
use crate::error::{Error, Result};

/// The client that makes a call.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where it comes from.
    pub network: Network,
    is_secure: bool,
    headers: HeaderMap,
}

impl Client {
    /// The client of a gRPC call.
    pub fn of<T>(request: &tonic::Request<T>) -> Self {
        Self::new(request.metadata().as_ref(), request.extensions())
    }

    /// The client of a call with these headers and extensions.
    #[must_use]
    pub fn new(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let cookies = headers.get_all(http::header::COOKIE).iter();
        Self {
            network: Network::of_call(extensions),
            is_secure: IsSecure::of_call(extensions).0,
            headers: cookies.map(|value| (http::header::COOKIE, value.clone())).collect(),
        }
    }

    /// The value of a cookie that it sent.
    #[must_use]
    pub fn cookie(&self, name: CookieName) -> Option<&str> {
        cookie::find(&self.headers, name, self.is_secure)
    }

    /// The tokens in the cookies of the links that it has opened.
    #[must_use]
    pub fn link_tokens(&self) -> Vec<&str> {
        cookie::links(&self.headers, self.is_secure).into_iter().map(|(_, token)| token).collect()
    }

    /// Puts cookies to an answer. Of more links than a browser keeps, one is forgotten.
    pub fn set_cookies<T>(
        &self,
        response: &mut tonic::Response<T>,
        cookies: &[Cookie],
    ) -> Result<()> {
        let mut headers: Vec<_> =
            cookies.iter().map(|cookie| cookie.header(self.is_secure)).collect();
        let kept = cookie::links(&self.headers, self.is_secure);
        if kept.len() >= cookie::MAX_LINKS
            && let Some((first, _)) = kept.first()
            && headers.iter().all(|header| !header.starts_with(&format!("{first}=")))
        {
            headers.push(cookie::forget(first, self.is_secure));
        }
        for header in headers {
            let value: MetadataValue<Ascii> = header.parse().map_err(Error::internal)?;
            response.metadata_mut().append("set-cookie", value);
        }
        Ok(())
    }
}
