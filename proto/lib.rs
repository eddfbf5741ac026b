//! The Albumen API as Rust types: messages, client and server stubs, the validation rules of every
//! request, and who may call each method.
//!
//! Everything here is made from the files below `proto/albumen` when the crate is built.

mod rules;
mod validate;

pub use validate::{Validate, Violation, Violations};

/// The messages and services of `albumen.v1`.
#[expect(
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    clippy::doc_markdown,
    clippy::too_many_lines,
    missing_debug_implementations,
    reason = "generated; messages that carry people's bytes have no `Debug` on purpose"
)]
pub mod v1 {
    tonic::include_proto!("albumen.v1");
}

/// The encoded `google.protobuf.FileDescriptorSet` of the API with its imports, options and
/// comments, as server reflection hands it out.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The least a caller of a method must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Anybody, without a credential.
    Public,
    /// A signed-in user.
    User,
    /// A signed-in user, or a guest who has opened a shared link.
    UserOrLink,
    /// A signed-in administrator.
    Admin,
}

/// What the API declares of a method besides its messages.
#[derive(Debug)]
pub struct Method {
    /// The HTTP path of the method, as in `/albumen.v1.AlbumService/GetAlbum`.
    pub path: &'static str,
    /// The least a caller must be.
    pub caller: Caller,
    /// What the credential must be good for, as in `album.read`.
    pub scope: &'static str,
    /// Whether the caller sends a stream.
    pub is_client_streaming: bool,
    /// Whether the server answers with a stream.
    pub is_server_streaming: bool,
}

include!(concat!(env!("OUT_DIR"), "/access.rs"));

/// Finds a method of the API by its HTTP path; `None` for any other path.
#[must_use]
pub fn method(path: &str) -> Option<&'static Method> {
    let index = METHODS.binary_search_by(|method| method.path.cmp(path)).ok()?;
    METHODS.get(index)
}
