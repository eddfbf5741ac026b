//! `albumen-server admin`

mod password;

use std::process::ExitCode;

use albumen_server::access::Actor;
use albumen_server::app::{App, Clock};
use albumen_server::config::{Config, DatabaseUrl};
use albumen_server::entity::user::Model as User;
use albumen_server::id::UserId;
use albumen_server::users::{self, AdminField, NewUser, Profile, Values};
use albumen_server::{installation, open};
use anyhow::{Context as _, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::say;

const ABOUT: &str = "Manages people and keys on the database itself, for who holds the machine: to make \
    the first administrator, to let one in again who lost the password, or to have tokens signed \
    with a new key. It works while the server runs, and while it does not. Everything is written to \
    the audit log.\n\n\
    A password is asked for on a terminal; otherwise it is the first line of standard input.\n\n\
    Exit codes: 0 when it was done, 1 when it was not, 78 for wrong settings.";

pub(super) fn command() -> Command {
    let email = || Arg::new("email").required(true).value_name("EMAIL").help("Whose account");
    let one = |name: &'static str, about: &'static str| {
        super::command(name, super::is_about_data).about(about).arg(email())
    };
    Command::new("admin")
        .about("Manages people and keys, on the database itself")
        .long_about(ABOUT)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            one("create", "Creates a user; with --admin, an administrator")
                .args(values())
                .arg(flag("admin", "Make them an administrator")),
        )
        .subcommand(
            super::command("list", super::is_about_data).about("Lists all users, deleted ones too"),
        )
        .subcommand(
            one("update", "Changes a user").args(values()).arg(
                Arg::new("new-email").long("new-email").value_name("EMAIL").help("A new e-mail"),
            ),
        )
        .subcommand(one("promote", "Makes a user an administrator"))
        .subcommand(one("demote", "Makes an administrator a user"))
        .subcommand(one("disable", "Keeps a user out, at once"))
        .subcommand(one("enable", "Lets a disabled user in again"))
        .subcommand(one("reset-password", "Sets a user's password and ends their sessions"))
        .subcommand(one("delete", "Deletes a user; a week later all they own is gone"))
        .subcommand(one("purge", "Deletes a deleted user for good, now, with all they own"))
        .subcommand(one("restore", "Restores a deleted user with all they own"))
        .subcommand(
            super::command("rotate-keys", super::is_about_data)
                .about("Makes a new key that signs access tokens; nobody is signed out"),
        )
}

fn values() -> [Arg; 2] {
    [
        Arg::new("name").long("name").value_name("NAME").help("The name that others see"),
        Arg::new("quota-bytes")
            .long("quota-bytes")
            .value_name("BYTES")
            .help("How much they may store; \"none\" for any amount"),
    ]
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// The matches of the command below this one, whose settings count.
pub(super) fn settings(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, matches)| matches)
}

pub(super) async fn run(config: Config, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let Some((verb, matches)) = matches.subcommand() else { return Ok(ExitCode::FAILURE) };
    if verb != "create" {
        refuse_missing(&config)?;
    }
    let app = open(config, Clock::System).await?;
    let result = act(&app, verb, matches).await;
    app.tasks.close();
    app.tasks.wait().await;
    app.database.close().await?;
    result.map(|()| ExitCode::SUCCESS)
}

/// Opening would make an empty database where none is, as in a folder that was mistyped.
fn refuse_missing(config: &Config) -> anyhow::Result<()> {
    if let DatabaseUrl::Sqlite(path) = &config.database_url
        && !path.exists()
    {
        bail!("there is no database: {}", path.display());
    }
    Ok(())
}

async fn act(app: &App, verb: &str, matches: &ArgMatches) -> anyhow::Result<()> {
    match verb {
        "list" => list(app).await,
        "rotate-keys" => Ok(say(installation::rotate_keys(app).await?)?),
        "create" => create(app, matches).await,
        _ => {
            let email = text(matches, "email").unwrap_or_default();
            let user = users::find_by_email(app, &email).await?;
            let user = user.with_context(|| format!("nobody has the e-mail {email}"))?;
            change(app, verb, user, matches).await
        }
    }
}

async fn create(app: &App, matches: &ArgMatches) -> anyhow::Result<()> {
    let email = text(matches, "email").unwrap_or_default();
    if !email.contains('@') {
        bail!("{email} is no e-mail");
    }
    let values = Values {
        display_name: text(matches, "name").unwrap_or_else(|| email.clone()),
        email,
        is_admin: matches.get_flag("admin"),
        quota_bytes: quota(matches)?.flatten(),
        is_disabled: false,
    };
    let new = NewUser { id: None, values, password: password::read()? };
    show(&users::create(app, &Actor::Operator, new).await?)
}

async fn change(app: &App, verb: &str, user: User, matches: &ArgMatches) -> anyhow::Result<()> {
    let actor = Actor::Operator;
    let id = user.id;
    let set = async |values: Values, field: AdminField| {
        users::update(app, &actor, id, values, vec![field]).await
    };
    let profile = match verb {
        "promote" => set(Values { is_admin: true, ..Values::default() }, AdminField::IsAdmin).await,
        "demote" => set(Values::default(), AdminField::IsAdmin).await,
        "disable" => {
            set(Values { is_disabled: true, ..Values::default() }, AdminField::Disabled).await
        }
        "enable" => set(Values::default(), AdminField::Disabled).await,
        "delete" => users::delete(app, &actor, id).await,
        "restore" => users::restore(app, &actor, id).await,
        "purge" => {
            users::purge(app, id).await?;
            return Ok(say(format_args!("{} is gone for good", user.email))?);
        }
        "reset-password" => {
            let count = users::reset_password(app, &actor, id, &password::read()?).await?;
            say(format_args!("sessions ended: {count}"))?;
            users::find_by_email(app, &user.email)
                .await
                .map(|found| Profile::Whole(Box::new(found.unwrap_or(user))))
        }
        _ => return update(app, id, matches).await,
    };
    show(&profile?)
}

async fn update(app: &App, id: UserId, matches: &ArgMatches) -> anyhow::Result<()> {
    let mut values = Values::default();
    let mut fields = Vec::new();
    if let Some(name) = text(matches, "name") {
        (values.display_name, fields) = (name, vec![AdminField::DisplayName]);
    }
    if let Some(email) = text(matches, "new-email") {
        values.email = email;
        fields.push(AdminField::Email);
    }
    if let Some(quota) = quota(matches)? {
        values.quota_bytes = quota;
        fields.push(AdminField::QuotaBytes);
    }
    if fields.is_empty() {
        bail!("nothing to change: --name, --new-email and --quota-bytes say what");
    }
    show(&users::update(app, &Actor::Operator, id, values, fields).await?)
}

async fn list(app: &App) -> anyhow::Result<()> {
    for user in users::list_all(app).await? {
        line(&user)?;
    }
    Ok(())
}

fn show(profile: &Profile) -> anyhow::Result<()> {
    match profile {
        Profile::Whole(user) | Profile::Known(user) | Profile::Name(user) => line(user),
    }
}

fn line(user: &User) -> anyhow::Result<()> {
    let states = [
        (user.is_admin, "administrator"),
        (user.disabled_time.is_some(), "disabled"),
        (user.delete_time.is_some(), "deleted"),
    ];
    let states = states.iter().filter(|(is_so, _)| *is_so).map(|(_, state)| *state);
    let states: Vec<_> = states.collect();
    Ok(say(format_args!(
        "{}\t{}\t{}\t{}",
        user.id,
        user.email,
        user.display_name,
        states.join(", ")
    ))?)
}

/// What the quota is set to; `None` if nothing is said of it.
fn quota(matches: &ArgMatches) -> anyhow::Result<Option<Option<i64>>> {
    match text(matches, "quota-bytes").as_deref() {
        None => Ok(None),
        Some("none") => Ok(Some(None)),
        Some(bytes) => match bytes.parse() {
            Ok(bytes) if bytes >= 0 => Ok(Some(Some(bytes))),
            _ => bail!("--quota-bytes is a number of bytes or \"none\", not {bytes:?}"),
        },
    }
}

fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.get_one::<String>(name).cloned()
}
