//! Makes the table of methods from the descriptors: who may call each, and how it streams.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};

/// The Rust source of `METHODS`, sorted by path.
pub(crate) fn generate(pool: &DescriptorPool, package: &str) -> Result<String> {
    let mut methods: Vec<_> = pool
        .services()
        .filter(|service| service.package_name() == package)
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| Ok((path(&method), row(pool, &method)?)))
        .collect::<Result<_>>()?;
    methods.sort();

    let mut source = String::from("pub static METHODS: &[Method] = &[\n");
    for (_, row) in methods {
        writeln!(source, "    {row},")?;
    }
    source.push_str("];\n");
    Ok(source)
}

fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn row(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<String> {
    let name = method.full_name();
    let option = pool
        .get_extension_by_name("albumen.options.v1.access")
        .context("the access option is not defined")?;
    let options = method.options();
    if !options.has_extension(&option) {
        bail!("{name} has no access option");
    }
    let value = options.get_extension(&option);
    let access = value.as_message().context("the access option is not a message")?;
    Ok(format!(
        "Method {{ path: {:?}, caller: Caller::{}, scope: {:?}, is_client_streaming: {}, is_server_streaming: {} }}",
        path(method),
        caller(access).with_context(|| name.to_owned())?,
        scope(access),
        method.is_client_streaming(),
        method.is_server_streaming(),
    ))
}

fn caller(access: &DynamicMessage) -> Result<&'static str> {
    let number = access.get_field_by_name("caller").and_then(|value| value.as_enum_number());
    Ok(match number {
        Some(1) => "Public",
        Some(2) => "User",
        Some(3) => "UserOrLink",
        Some(4) => "Admin",
        other => bail!("unknown caller {other:?}"),
    })
}

fn scope(access: &DynamicMessage) -> String {
    let value = access.get_field_by_name("scope");
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
