//! Conventions of the API, checked on its descriptors.

use std::collections::HashSet;

use albumen::v1::ErrorReason;
use albumen::{FILE_DESCRIPTOR_SET, METHODS};
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind,
    MessageDescriptor, MethodDescriptor,
};

use super::{repository, rust_files};

const PACKAGE: &str = "albumen.v1";

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap()
}

fn methods(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    let ours = pool.services().filter(|service| service.package_name() == PACKAGE);
    ours.flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

#[test]
fn every_method_has_a_row_in_the_access_matrix() {
    let rows: HashSet<_> = crate::permissions::methods().into_iter().collect();
    assert_eq!(METHODS.len(), methods(&pool()).len());
    for method in METHODS {
        assert!(rows.contains(method.path), "{} has no row", method.path);
        assert!(method.scope.contains('.'), "{} has no scope", method.path);
    }
}

/// The operation of a noun is named after its RPC: `GetAlbum` is `albums::get`.
#[test]
fn every_method_has_an_operation_of_its_name() {
    let files = rust_files("server/src");
    let code: String = files.iter().map(|(_, text)| text.as_str()).collect();
    for method in methods(&pool()) {
        let snake = snake(method.name());
        assert!(code.contains(&format!("async fn {snake}(")), "{} has no face", method.name());
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[test]
fn standard_methods_have_the_standard_fields() {
    for method in methods(&pool()) {
        let (name, input, output) = (method.name().to_owned(), method.input(), method.output());
        let has = |message: &MessageDescriptor, field: &str| {
            assert!(message.get_field_by_name(field).is_some(), "{name}: no {field}");
        };
        assert_eq!(input.name(), format!("{name}Request"));
        if name.starts_with("List") {
            assert_eq!(input.get_field_by_name("page_size").map(|field| field.number()), Some(1));
            assert_eq!(input.get_field_by_name("page_token").map(|field| field.number()), Some(2));
            has(&output, "next_page_token");
        }
        if name.starts_with("Update") {
            has(&input, "update_mask");
        }
        // A secret that is shown once cannot be shown again to a call that is repeated.
        if name.starts_with("Create") && name != "CreateApiKey" {
            has(&input, "request_id");
        }
        let is_standard = ["Get", "Create", "Update"].iter().any(|verb| name.starts_with(verb))
            && !["GetServerInfo", "GetTimelineBuckets", "UpdateAssets"].contains(&name.as_str());
        let is_soft_delete =
            ["DeleteAlbum", "DeleteSharedLink", "DeleteUser"].contains(&name.as_str());
        if !is_standard && !is_soft_delete {
            assert_eq!(output.name(), format!("{name}Response"));
        } else {
            assert!(!output.name().ends_with("Response"), "{name} answers with the resource");
        }
    }
}

/// Messages that callers send: the requests and what they contain.
fn sent(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    let mut found: Vec<MessageDescriptor> = Vec::new();
    let mut open: Vec<_> = methods(pool).iter().map(MethodDescriptor::input).collect();
    while let Some(message) = open.pop() {
        if message.package_name() != PACKAGE || found.contains(&message) {
            continue;
        }
        open.extend(message.fields().filter(|field| !is_output(field)).filter_map(|field| {
            match field.kind() {
                Kind::Message(inner) => Some(inner),
                _ => None,
            }
        }));
        found.push(message);
    }
    found
}

/// Whether a field's comment says that the server sets it.
fn is_output(field: &FieldDescriptor) -> bool {
    let path = field.path();
    let file = field.parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref().unwrap();
    let comment = info.location.iter().find(|location| location.path == path);
    let comment = comment.and_then(|location| location.leading_comments.as_deref());
    comment
        .unwrap_or_else(|| panic!("{} has no comment", field.full_name()))
        .contains("Output only.")
}

fn rules(field: &FieldDescriptor, option: &ExtensionDescriptor) -> Option<DynamicMessage> {
    let options = field.options();
    options.has_extension(option).then(|| options.get_extension(option).as_message().cloned())?
}

#[test]
fn every_string_and_list_that_callers_send_has_a_rule() {
    let pool = pool();
    let option = pool.get_extension_by_name("buf.validate.field").unwrap();
    for message in sent(&pool) {
        for field in message.fields().filter(|field| !is_output(field)) {
            let is_bounded = matches!(field.kind(), Kind::String | Kind::Bytes)
                || field.cardinality() == Cardinality::Repeated;
            assert!(
                !is_bounded || rules(&field, &option).is_some(),
                "{} has no rule",
                field.full_name()
            );
        }
    }
}

#[test]
fn every_flag_that_an_update_takes_is_optional() {
    let pool = pool();
    for method in methods(&pool).iter().filter(|method| method.name().starts_with("Update")) {
        let resource = method.output();
        for field in resource.fields().filter(|field| !is_output(field)) {
            if field.kind() == Kind::Bool {
                assert!(field.supports_presence(), "{} is not optional", field.full_name());
            }
        }
    }
}

#[test]
fn every_reason_is_given_by_the_table_of_errors() {
    let table = std::fs::read_to_string(repository("server/src/error/table.rs")).unwrap();
    let reasons = pool().get_enum_by_name("albumen.v1.ErrorReason").unwrap();
    for value in reasons.values().filter(|value| value.number() != 0) {
        let reason = ErrorReason::try_from(value.number()).unwrap();
        assert!(table.contains(&format!("R::{reason:?}")), "{reason:?} is never given");
    }
}
