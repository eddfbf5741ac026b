//! The table in `tests/permissions.txt`.

use std::fmt::Write as _;

use tonic::Code;

/// Who calls.
pub(super) struct Persona {
    pub(super) column: &'static str,
    pub(super) name: &'static str,
    about: &'static str,
}

/// A method or route, with the code for each persona.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) codes: Vec<Code>,
}

impl Row {
    /// The path of its method; none for a route.
    pub(super) fn method(&self) -> Option<String> {
        let method = self.name.split(' ').next().filter(|word| word.contains("Service/"));
        method.map(|method| format!("/albumen.v1.{method}"))
    }

    /// What an API key must be good for.
    pub(super) fn scope(&self) -> &'static str {
        match self.name {
            "GET /api/assets/original" => "asset.read",
            "GET /api/exports/part" => "export.read",
            "GET /share/page" | "GET /share/page/cover" => "link.open",
            _ => self.method().and_then(|method| albumen::method(&method)).unwrap().scope,
        }
    }

    /// Whether it leaves everything as it was.
    pub(super) fn is_read(&self) -> bool {
        let verb = self.name.rsplit_once('/').map_or(self.name, |(_, verb)| verb);
        let reads = ["Get", "List", "Check", "Download", "Watch", "StreamExport"];
        self.name.starts_with("GET ") || reads.iter().any(|read| verb.starts_with(read))
    }
}

pub(super) struct Table {
    pub(super) personas: Vec<Persona>,
    pub(super) rows: Vec<Row>,
}

impl Table {
    pub(super) fn read() -> Self {
        let lines = || include_str!("../permissions.txt").lines().filter(|it| !it.starts_with('#'));
        let personas: Vec<_> = lines().filter_map(persona).collect();
        let columns: Vec<_> = personas.iter().map(|persona| persona.column).collect();
        let is_head = |line: &str| line.split_whitespace().eq(columns.iter().copied());
        assert!(lines().any(is_head), "no line with the columns {columns:?}");
        let rows: Vec<_> = lines().filter_map(row).collect();
        for row in &rows {
            assert_eq!(row.codes.len(), personas.len(), "cells of {}", row.name);
        }
        Self { personas, rows }
    }

    /// The table as a document.
    pub(super) fn document(&self) -> String {
        let mut text = HEAD.to_owned();
        for Persona { column, name, about } in &self.personas {
            writeln!(text, "| {column} | {name} | {about} |").unwrap();
        }
        text += CODES;
        let mut service = "";
        for row in &self.rows {
            let (of, method) = row.name.split_once('/').unwrap();
            if of != service {
                service = of;
                let title = if of == "GET " { "HTTP" } else { of };
                write!(text, "\n## {title}\n\n| |").unwrap();
                self.personas.iter().for_each(|it| write!(text, " {} |", it.column).unwrap());
                text += "\n|---|";
                self.personas.iter().for_each(|_| text += "---|");
                text.push('\n');
            }
            let (name, use_) = method.split_once(' ').unwrap_or((method, ""));
            let name = if of == "GET " { format!("/{name}") } else { name.to_owned() };
            write!(text, "| `{name}` {use_}").unwrap();
            for code in &row.codes {
                write!(text, " | {}", mark(*code)).unwrap();
            }
            text += " |\n";
        }
        text
    }
}

const HEAD: &str = "\
# Permissions

Who may call what. The tests make each of these calls through the whole server and compare the answers with this table;
`make permissions` writes it from `tests/permissions.txt`. All that a call is about belongs to the owner, unless the row
says more.

| | persona | |
|---|---|---|
";

const CODES: &str = "
✓ OK · – `PERMISSION_DENIED` · ∅ `NOT_FOUND`: what somebody may not see does not exist for them · ⚿ `UNAUTHENTICATED` ·
○ `FAILED_PRECONDITION`: allowed, and impossible as things are · ! `INVALID_ARGUMENT`: the caller must say more
";

fn mark(code: Code) -> &'static str {
    match code {
        Code::Ok => "✓",
        Code::PermissionDenied => "–",
        Code::NotFound => "∅",
        Code::Unauthenticated => "⚿",
        Code::FailedPrecondition => "○",
        Code::InvalidArgument => "!",
        other => panic!("no mark for {other:?}"),
    }
}

fn persona(line: &'static str) -> Option<Persona> {
    let (column, rest) = line.strip_prefix("persona ")?.split_once("  ").unwrap();
    let (name, about) = rest.split_once(": ").unwrap();
    Some(Persona { column: column.trim(), name: name.trim(), about: about.trim() })
}

fn row(line: &'static str) -> Option<Row> {
    let (name, codes) = line.split_once(": ").filter(|_| !line.starts_with("persona "))?;
    let codes = codes.split_whitespace().map(|code| match code {
        "OK" => Code::Ok,
        "IA" => Code::InvalidArgument,
        "UA" => Code::Unauthenticated,
        "PD" => Code::PermissionDenied,
        "NF" => Code::NotFound,
        "FP" => Code::FailedPrecondition,
        other => panic!("{name} has the unknown code {other}"),
    });
    Some(Row { name: name.trim(), codes: codes.collect() })
}
