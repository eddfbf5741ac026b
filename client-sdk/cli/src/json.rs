//! The API's messages as JSON.

use std::sync::LazyLock;

use albumen::FILE_DESCRIPTOR_SET;
use prost::Name;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;

use crate::failure::{Failure, Result};

static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok());

/// A message in the JSON of protobuf: names in `lowerCamelCase`, times as in RFC 3339. Fields that
/// are empty are there too, so that the shape is always the same; only what is unset is left out.
/// Unlike protobuf's own, all numbers are numbers: those of the API are counts and sizes, which
/// every reader of JSON holds.
pub(crate) fn value<M: Name>(message: &M) -> Result<Value> {
    let name = M::full_name();
    let convert = || {
        let descriptor = POOL.as_ref()?.get_message_by_name(&name)?;
        let bytes = message.encode_to_vec();
        let dynamic = DynamicMessage::decode(descriptor, bytes.as_slice()).ok()?;
        let options =
            SerializeOptions::new().skip_default_fields(false).stringify_64_bit_integers(false);
        dynamic.serialize_with_options(serde_json::value::Serializer, &options).ok()
    };
    convert().ok_or_else(|| Failure::Other(format!("{name} cannot be shown as JSON")))
}

/// Several messages.
pub(crate) fn values<M: Name>(messages: &[M]) -> Result<Vec<Value>> {
    messages.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use albumen_client::v1::{Album, AlbumRole, Usage};
    use prost_types::Timestamp;

    use super::*;

    #[test]
    fn messages_have_the_names_of_protobufs_json() {
        let album = Album {
            display_name: "Summer".to_owned(),
            role: AlbumRole::Owner.into(),
            create_time: Some(Timestamp { seconds: 1_800_000_000, nanos: 0 }),
            ..Album::default()
        };
        let value = value(&album).unwrap();
        assert_eq!(value["displayName"], "Summer");
        assert_eq!(value["role"], "ALBUM_ROLE_OWNER");
        assert_eq!(value["createTime"], "2027-01-15T08:00:00Z");
        assert_eq!(value["assetCount"], 0, "what is empty is there");
        assert_eq!(value.get("deleteTime"), None, "what is unset is not");
    }

    #[test]
    fn all_numbers_are_numbers() {
        let usage = Usage { used_bytes: 5 << 40, ..Usage::default() };
        assert_eq!(value(&usage).unwrap()["usedBytes"], 5_u64 << 40);
    }
}
