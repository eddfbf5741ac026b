//! Makes `impl Validate` from the `buf.validate` annotations.
//!
//! Only the rules in use are known; any other fails the build, so that no annotation is ever
//! decoration.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind,
    MessageDescriptor, OneofDescriptor, Value,
};

/// The Rust source of one `impl Validate` for each message of `package`.
pub(crate) fn generate(pool: &DescriptorPool, package: &str) -> Result<String> {
    let rules = Rules {
        package: package.to_owned(),
        field: extension(pool, "buf.validate.field")?,
        oneof: extension(pool, "buf.validate.oneof")?,
    };
    let mut source = String::new();
    for message in pool.all_messages().filter(|message| message.package_name() == package) {
        rules.message(&message, &mut source).with_context(|| message.full_name().to_owned())?;
    }
    Ok(source)
}

fn extension(pool: &DescriptorPool, name: &str) -> Result<ExtensionDescriptor> {
    pool.get_extension_by_name(name).with_context(|| format!("{name} is not defined"))
}

struct Rules {
    package: String,
    field: ExtensionDescriptor,
    oneof: ExtensionDescriptor,
}

impl Rules {
    fn message(&self, message: &MessageDescriptor, source: &mut String) -> Result<()> {
        let mut body = String::new();
        for field in message.fields().filter(|field| !in_oneof(field)) {
            let checks = self.field(&field).with_context(|| field.name().to_owned())?;
            if !checks.is_empty() {
                writeln!(
                    body,
                    "violations.field({:?}, |violations| {{ {checks} }});",
                    field.name()
                )?;
            }
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            self.oneof(message, &oneof, &mut body)?;
        }
        let violations = if body.is_empty() { "_violations" } else { "violations" };
        writeln!(
            source,
            "impl Validate for {} {{ fn validate(&self, {violations}: &mut Violations) {{ {body} }} }}",
            rust_path(message.full_name(), &self.package),
        )?;
        Ok(())
    }

    /// The checks of a field outside any oneof, on `self`.
    fn field(&self, field: &FieldDescriptor) -> Result<String> {
        let constraints = self.constraints(field);
        let access = format!("self.{}", field.name());
        if field.is_list() {
            return self.list(field, constraints.as_ref(), &access);
        }
        if field.is_map() {
            bail!("maps have no rules");
        }
        let mut checks = String::new();
        if flag(constraints.as_ref(), "required") {
            writeln!(checks, "rules::required({access}.is_some(), violations);")?;
        }
        let inner = self.value(field, constraints.as_ref(), "value")?;
        if inner.is_empty() {
            return Ok(checks);
        }
        if field.supports_presence() {
            write!(checks, "if let Some(value) = &{access} {{ {inner} }}")?;
        } else if ignores_zero(constraints.as_ref())? {
            write!(checks, "let value = &{access}; if !rules::is_zero(value) {{ {inner} }}")?;
        } else {
            write!(checks, "let value = &{access}; {inner}")?;
        }
        Ok(checks)
    }

    fn list(
        &self,
        field: &FieldDescriptor,
        constraints: Option<&DynamicMessage>,
        access: &str,
    ) -> Result<String> {
        let Some(rules) = constraints.and_then(|constraints| sub(constraints, "repeated")) else {
            if self.is_ours(field) && constraints.is_some() {
                bail!("lists of messages have no rules");
            }
            return Ok(String::new());
        };
        let mut checks = String::new();
        for (name, value) in set_fields(&rules) {
            match (name.as_str(), &value) {
                ("min_items" | "max_items", Value::U64(bound)) => {
                    writeln!(checks, "rules::{name}({access}.len(), {bound}, violations);")?;
                }
                ("unique", Value::Bool(true)) => {
                    writeln!(checks, "rules::unique(&{access}, violations);")?;
                }
                ("items", Value::Message(items)) => {
                    let inner = self.value(field, Some(items), "value")?;
                    writeln!(
                        checks,
                        "for (index, value) in {access}.iter().enumerate() {{ violations.index(index, |violations| {{ {inner} }}); }}"
                    )?;
                }
                _ => bail!("unknown rule repeated.{name}"),
            }
        }
        if self.is_ours(field) {
            let inner = self.value(field, None, "value")?;
            writeln!(
                checks,
                "for (index, value) in {access}.iter().enumerate() {{ violations.index(index, |violations| {{ {inner} }}); }}"
            )?;
        }
        Ok(checks)
    }

    /// The checks of one present value, given as a Rust expression for a reference to it.
    fn value(
        &self,
        field: &FieldDescriptor,
        constraints: Option<&DynamicMessage>,
        value: &str,
    ) -> Result<String> {
        if self.is_ours(field) {
            return Ok(format!("Validate::validate({value}, violations);"));
        }
        let Some(constraints) = constraints else { return Ok(String::new()) };
        let mut checks = String::new();
        if matches!(field.kind(), Kind::String) {
            // No protovalidate rule says it, and PostgreSQL cannot store it.
            writeln!(checks, "rules::no_nul({value}, violations);")?;
        }
        for (kind, rules) in set_fields(constraints) {
            if matches!(kind.as_str(), "ignore" | "required") {
                continue;
            }
            let Value::Message(rules) = rules else { bail!("unknown rule {kind}") };
            for (name, bound) in set_fields(&rules) {
                writeln!(checks, "{}", self.rule(field, &kind, &name, &bound, value)?)?;
            }
        }
        Ok(checks)
    }

    fn rule(
        &self,
        field: &FieldDescriptor,
        kind: &str,
        name: &str,
        bound: &Value,
        value: &str,
    ) -> Result<String> {
        Ok(match (kind, name, bound) {
            ("string", "uuid" | "email", Value::Bool(true)) => {
                format!("rules::{name}({value}, violations);")
            }
            ("string", "min_len" | "max_len" | "max_bytes", Value::U64(bound)) => {
                format!("rules::{name}({value}, {bound}, violations);")
            }
            ("string", "pattern", Value::String(pattern)) => format!(
                "{{ static PATTERN: std::sync::LazyLock<Option<regex_lite::Regex>> = std::sync::LazyLock::new(|| regex_lite::Regex::new({pattern:?}).ok()); rules::pattern({value}, PATTERN.as_ref(), {pattern:?}, violations); }}"
            ),
            ("bytes", "len" | "min_len" | "max_len", Value::U64(bound)) => {
                format!("rules::bytes_{name}({value}, {bound}, violations);")
            }
            ("int32", "gte" | "lte", Value::I32(bound)) => {
                format!("rules::{name}(i64::from(*{value}), {bound}, violations);")
            }
            ("int64", "gte" | "lte", Value::I64(bound)) => {
                format!("rules::{name}(*{value}, {bound}, violations);")
            }
            ("double", "gte" | "lte", Value::F64(bound)) => {
                format!("rules::double_{name}(*value, {bound:?}, violations);")
            }
            ("enum", "defined_only", Value::Bool(true)) => {
                let Kind::Enum(descriptor) = field.kind() else { bail!("not an enum") };
                let path = self.enum_path(&descriptor);
                format!("rules::defined({path}::try_from(*{value}).is_ok(), violations);")
            }
            _ => bail!("unknown rule {kind}.{name}"),
        })
    }

    fn oneof(
        &self,
        message: &MessageDescriptor,
        oneof: &OneofDescriptor,
        body: &mut String,
    ) -> Result<()> {
        let name = oneof.name();
        let path =
            format!("{}::{}", module_path(message.full_name(), &self.package), upper_camel(name));
        let options = oneof.options();
        let rules = options.get_extension(&self.oneof);
        if rules.as_message().is_some_and(|rules| flag(Some(rules), "required")) {
            writeln!(
                body,
                "violations.field({name:?}, |violations| rules::required(self.{name}.is_some(), violations));"
            )?;
        }
        for field in oneof.fields() {
            let checks = self.value(&field, self.constraints(&field).as_ref(), "value")?;
            if !checks.is_empty() {
                writeln!(
                    body,
                    "if let Some({path}::{}(value)) = &self.{name} {{ violations.field({:?}, |violations| {{ {checks} }}); }}",
                    upper_camel(field.name()),
                    field.name(),
                )?;
            }
        }
        Ok(())
    }

    fn constraints(&self, field: &FieldDescriptor) -> Option<DynamicMessage> {
        let options = field.options();
        if !options.has_extension(&self.field) {
            return None;
        }
        options.get_extension(&self.field).as_message().cloned()
    }

    fn is_ours(&self, field: &FieldDescriptor) -> bool {
        matches!(field.kind(), Kind::Message(message) if message.package_name() == self.package)
    }

    fn enum_path(&self, descriptor: &EnumDescriptor) -> String {
        rust_path(descriptor.full_name(), &self.package)
    }
}

fn in_oneof(field: &FieldDescriptor) -> bool {
    field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic())
}

fn set_fields(message: &DynamicMessage) -> Vec<(String, Value)> {
    message.fields().map(|(field, value)| (field.name().to_owned(), value.clone())).collect()
}

fn sub(message: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    set_fields(message).into_iter().find_map(|(field, value)| match value {
        Value::Message(inner) if field == name => Some(inner),
        _ => None,
    })
}

fn flag(message: Option<&DynamicMessage>, name: &str) -> bool {
    message
        .and_then(|message| message.get_field_by_name(name))
        .is_some_and(|value| value.as_bool() == Some(true))
}

/// Whether the rules are skipped for the zero value (`IGNORE_IF_ZERO_VALUE`).
fn ignores_zero(constraints: Option<&DynamicMessage>) -> Result<bool> {
    let number = constraints
        .and_then(|constraints| constraints.get_field_by_name("ignore"))
        .and_then(|value| value.as_enum_number());
    match number {
        None | Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(other) => bail!("unknown ignore {other}"),
    }
}

/// `albumen.v1.ListAssetsRequest.Order` → `v1::list_assets_request::Order`, as prost names it.
fn rust_path(full_name: &str, package: &str) -> String {
    let mut names: Vec<_> = relative(full_name, package).split('.').collect();
    let last = names.pop().unwrap_or_default();
    let modules: String = names.into_iter().map(|name| format!("{}::", snake(name))).collect();
    format!("v1::{modules}{last}")
}

/// The module in which prost puts what is nested in a message.
fn module_path(full_name: &str, package: &str) -> String {
    let modules: Vec<_> = relative(full_name, package).split('.').map(snake).collect();
    format!("v1::{}", modules.join("::"))
}

fn relative<'a>(full_name: &'a str, package: &str) -> &'a str {
    full_name.strip_prefix(package).map_or(full_name, |name| name.trim_start_matches('.'))
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn upper_camel(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}
