//! The policy as `SharedLinkService` says it.

use std::time::Duration;

use albumen::v1::SharingPolicy;

use super::Policy;
use crate::error::{Error, Result};

impl From<Policy> for SharingPolicy {
    fn from(policy: Policy) -> Self {
        Self {
            allow_links: Some(policy.allow_links),
            require_link_password: Some(policy.require_link_password),
            max_link_lifetime: policy.max_link_lifetime.map(|lifetime| prost_types::Duration {
                seconds: lifetime.as_secs().cast_signed(),
                nanos: 0,
            }),
        }
    }
}

impl TryFrom<SharingPolicy> for Policy {
    type Error = Error;

    fn try_from(policy: SharingPolicy) -> Result<Self> {
        let lifetime = policy.max_link_lifetime.map(Duration::try_from).transpose();
        let rule = "must be whole seconds, from one minute to ten years";
        Ok(Self {
            allow_links: policy.allow_links.unwrap_or(true),
            require_link_password: policy.require_link_password.unwrap_or(false),
            max_link_lifetime: lifetime
                .map_err(|_| Error::invalid("sharing_policy.max_link_lifetime", rule))?,
        })
    }
}
