//! Compiles `proto/` to messages, service stubs, validation and the table of methods.

#[path = "build/access.rs"]
mod access;
#[path = "build/validate.rs"]
mod validate;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result};
use prost_reflect::prost::Message as _;

const PACKAGE: &str = "albumen.v1";
/// Messages that carry people's bytes: they never print them.
const WITHOUT_DEBUG: [&str; 4] = [
    ".albumen.v1.AppendUploadRequest",
    ".albumen.v1.StreamUploadRequest",
    ".albumen.v1.DownloadAssetResponse",
    ".albumen.v1.StreamExportResponse",
];

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=proto");
    #[expect(clippy::disallowed_methods, reason = "how cargo tells a build script where to write")]
    let out = PathBuf::from(env::var_os("OUT_DIR").context("OUT_DIR is not set")?);

    let mut compiler = protox::Compiler::new(["proto", "proto/vendor"])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(proto_files(Path::new("proto/albumen"))?)?;

    // The encoded form keeps the extension options that a decoded prost type drops.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    let pool = compiler.descriptor_pool();
    fs::write(out.join("validate.rs"), validate::generate(&pool, PACKAGE)?)?;
    fs::write(out.join("access.rs"), access::generate(&pool, PACKAGE)?)?;

    let files = prost_types(&compiler)?;
    let mut config = tonic_prost_build::Config::new();
    // By its name a message finds its descriptor, and with that its JSON.
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .skip_debug(WITHOUT_DEBUG)
        .skip_debug(["part"])
        .compile_fds_with_config(files, config)?;
    Ok(())
}

/// The same files without the options packages, which no Rust code needs as messages.
fn prost_types(compiler: &protox::Compiler) -> Result<prost_types::FileDescriptorSet> {
    let bytes = compiler.file_descriptor_set().encode_to_vec();
    let mut set = <prost_types::FileDescriptorSet as prost::Message>::decode(bytes.as_slice())?;
    set.file.retain(|file| file.package() == PACKAGE || file.package() == "google.protobuf");
    Ok(set)
}

/// Every `.proto` file below a folder, in a stable order.
fn proto_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(proto_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
