//! Managing users.

use albumen_client::v1::{
    CreateUserRequest, DeleteUserRequest, GetMeRequest, ListUsersRequest, ResetPasswordRequest,
    RestoreUserRequest, UpdateUserRequest, User,
};
use albumen_client::{Client, retry};
use clap::Subcommand;
use futures::TryStreamExt as _;
use prost_types::FieldMask;
use uuid::Uuid;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::table::Table;
use crate::words::whole;
use crate::{bytes_text, names, secret, times};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List users
    List {
        /// Also those who are deleted and not purged yet
        #[arg(long)]
        deleted: bool,
    },
    /// Show a user
    Show {
        /// The user, by e-mail, name or id
        user: String,
    },
    /// Create a user
    Create(CreateArgs),
    /// Change a user
    Edit(EditArgs),
    /// Set how much a user may store
    Quota {
        /// The user, by e-mail, name or id
        user: String,
        /// As in 50G, or none
        #[arg(value_parser = quota)]
        size: Quota,
    },
    /// Keep a user out, at once; their albums stay
    Disable {
        /// The user, by e-mail, name or id
        user: String,
    },
    /// Let a user in again
    Enable {
        /// The user, by e-mail, name or id
        user: String,
    },
    /// Set a new password for a user and end all their sessions
    ResetPassword {
        /// The user, by e-mail, name or id
        user: String,
        /// Read the password from standard input rather than ask for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Delete a user; for 7 days that can be undone
    Delete {
        /// The user, by e-mail, name or id
        user: String,
    },
    /// Bring a deleted user back
    Restore {
        /// The user, by e-mail, name or id
        user: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// The e-mail to sign in with
    email: String,
    /// The name that others see
    #[arg(long)]
    name: String,
    /// How much they may store, as in 50G [default: any amount]
    #[arg(long, value_name = "SIZE", value_parser = bytes_text::parse)]
    quota: Option<i64>,
    /// Make them an administrator
    #[arg(long)]
    admin: bool,
    /// Read the password from standard input rather than ask for it
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct EditArgs {
    /// The user, by e-mail, name or id
    user: String,
    /// The new name
    #[arg(long)]
    name: Option<String>,
    /// The new e-mail
    #[arg(long)]
    email: Option<String>,
    /// Whether they are an administrator
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    admin: Option<bool>,
}

/// How much a user may store; any amount if there is no number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota(Option<i64>);

fn quota(text: &str) -> Result<Quota, String> {
    if text == "none" { Ok(Quota(None)) } else { bytes_text::parse(text).map(|it| Quota(Some(it))) }
}

pub(super) async fn run(context: &Context, client: &Client, verb: Verb) -> Result<()> {
    // The server shows users to everybody, as far as they may find each other.
    if matches!(verb, Verb::List { .. } | Verb::Show { .. }) {
        let me = retry(|| async { client.users().get_me(GetMeRequest {}).await }).await?;
        if !me.is_admin() {
            return Err(Failure::NotAdmin);
        }
    }
    match verb {
        Verb::List { deleted } => list(context, client, deleted).await,
        Verb::Show { user } => show(context, &names::user(client, &user, true).await?),
        Verb::Create(args) => create(context, client, args).await,
        Verb::Edit(args) => edit(context, client, args).await,
        Verb::Quota { user, size: Quota(quota_bytes) } => {
            let new = User { quota_bytes, ..User::default() };
            update(context, client, &user, new, &["quota_bytes"]).await
        }
        Verb::Disable { user } => {
            let new = User { disabled: Some(true), ..User::default() };
            update(context, client, &user, new, &["disabled"]).await
        }
        Verb::Enable { user } => {
            let new = User { disabled: Some(false), ..User::default() };
            update(context, client, &user, new, &["disabled"]).await
        }
        Verb::ResetPassword { user, password_stdin } => {
            let user_id = names::user(client, &user, false).await?.id;
            let new_password = secret::ask_new("New password: ", password_stdin)?;
            let request = ResetPasswordRequest { user_id, new_password };
            let answer = client.users().reset_password(request).await?.into_inner();
            context.output.did(&answer, || {
                format!("password set, {} ended", whole(answer.revoked_count, "session"))
            })
        }
        Verb::Delete { user } => {
            let request = DeleteUserRequest { user_id: names::user(client, &user, true).await?.id };
            let delete = || async { client.users().delete_user(request.clone()).await };
            show(context, &retry(delete).await?)
        }
        Verb::Restore { user } => {
            let request = RestoreUserRequest { user_id: names::user(client, &user, true).await?.id };
            let restore = || async { client.users().restore_user(request.clone()).await };
            show(context, &retry(restore).await?.user.unwrap_or_default())
        }
    }
}

async fn list(context: &Context, client: &Client, show_deleted: bool) -> Result<()> {
    let request = ListUsersRequest { show_deleted, ..ListUsersRequest::default() };
    let users: Vec<_> = client.list_users(request).try_collect().await?;
    context.output.list("users", &users, || {
        Table::of(["name", "e-mail", "stored", "quota", "is", "id"], &users, |user| {
            [
                user.display_name.clone(),
                user.email.clone(),
                bytes_text::format_signed(user.used_bytes),
                user.quota_bytes.map(bytes_text::format_signed).unwrap_or_default(),
                standing(user),
                user.id.clone(),
            ]
        })
    })
}

async fn create(context: &Context, client: &Client, args: CreateArgs) -> Result<()> {
    let password = secret::ask_new("Password of the new user: ", args.password_stdin)?;
    let request = CreateUserRequest {
        user: Some(User {
            display_name: args.name,
            email: args.email,
            quota_bytes: args.quota,
            is_admin: args.admin.then_some(true),
            ..User::default()
        }),
        password,
        request_id: Uuid::now_v7().to_string(),
    };
    let create = || async { client.users().create_user(request.clone()).await };
    show(context, &retry(create).await?)
}

async fn edit(context: &Context, client: &Client, args: EditArgs) -> Result<()> {
    let named = [
        ("display_name", args.name.is_some()),
        ("email", args.email.is_some()),
        ("is_admin", args.admin.is_some()),
    ];
    let named = named.into_iter().filter(|(_, is_named)| *is_named);
    let paths: Vec<_> = named.map(|(path, _)| path).collect();
    if paths.is_empty() {
        let message = "name what to change: see albumen admin users edit --help";
        return Err(Failure::Usage(message.to_owned()));
    }
    let new = User {
        display_name: args.name.unwrap_or_default(),
        email: args.email.unwrap_or_default(),
        is_admin: args.admin,
        ..User::default()
    };
    update(context, client, &args.user, new, &paths).await
}

async fn update(
    context: &Context,
    client: &Client,
    name: &str,
    user: User,
    paths: &[&str],
) -> Result<()> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateUserRequest {
        user_id: names::user(client, name, false).await?.id,
        user: Some(user),
        update_mask: Some(FieldMask { paths }),
    };
    let update = || async { client.users().update_user(request.clone()).await };
    show(context, &retry(update).await?)
}

fn show(context: &Context, user: &User) -> Result<()> {
    context.output.message(user, || {
        let quota = user.quota_bytes.map(bytes_text::format_signed);
        Table::facts([
            ("name", user.display_name.clone()),
            ("e-mail", user.email.clone()),
            ("id", user.id.clone()),
            ("is", standing(user)),
            ("stored", bytes_text::format_signed(user.used_bytes)),
            ("quota", quota.unwrap_or_else(|| "none".to_owned())),
            ("created", times::format(user.create_time)),
            ("purged at", times::format(user.purge_time)),
        ])
        .to_string()
    })
}

fn standing(user: &User) -> String {
    let words = [
        (user.is_admin(), "administrator"),
        (user.disabled(), "disabled"),
        (user.delete_time.is_some(), "deleted"),
    ];
    let words = words.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word);
    words.collect::<Vec<_>>().join(", ")
}
