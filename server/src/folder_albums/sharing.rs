//! Who is made a member of new albums.

use super::options::{Share, ShareRole};
use super::runs::Problem;
use crate::access::{self, UserActor};
use crate::albums::{Invited, NewMember};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::UserId;

/// Somebody who is made a member of new albums.
#[derive(Debug, Clone)]
pub(super) struct Invitee {
    id: UserId,
    email: String,
    role: ShareRole,
}

impl Invitee {
    /// The member whom albums get.
    pub(super) fn member(&self) -> NewMember {
        // By the e-mail, by which everybody is found.
        let user = Invited::Email(self.email.clone());
        NewMember { user, role: self.role.of_album() }
    }

    /// The same as runs remember it, with the id.
    pub(super) fn share(&self) -> Share {
        Share { user: self.id.to_string(), role: self.role }
    }
}

/// Finds the people whom an owner names, of the same person twice the last; and says who is passed
/// over. Fails with `INVALID_REQUEST` for names that fit nobody or several.
pub(super) async fn resolve(
    app: &App,
    owner: &UserActor,
    shares: &[Share],
) -> Result<(Vec<Invitee>, Vec<Problem>)> {
    let (members, notes, wrong) = find(app, owner, shares).await?;
    match wrong.into_iter().next() {
        Some((index, problem)) => {
            Err(Error::invalid(format!("options.share_with[{index}].user"), problem.message))
        }
        None => Ok((members, notes)),
    }
}

/// The same, with names that fit nobody or several passed over too: while nobody is there to correct
/// them, the rest goes on.
pub(super) async fn resolve_leniently(
    app: &App,
    owner: &UserActor,
    shares: &[Share],
) -> Result<(Vec<Invitee>, Vec<Problem>)> {
    let (members, mut notes, wrong) = find(app, owner, shares).await?;
    notes.extend(wrong.into_iter().map(|(_, problem)| problem));
    Ok((members, notes))
}

type Wrong = Vec<(usize, Problem)>;

async fn find(
    app: &App,
    owner: &UserActor,
    shares: &[Share],
) -> Result<(Vec<Invitee>, Vec<Problem>, Wrong)> {
    let mut found: Vec<Invitee> = Vec::new();
    let (mut notes, mut wrong) = (Vec::new(), Vec::new());
    for (index, share) in shares.iter().enumerate() {
        let text = share.user.trim();
        let problem = |message: &str| Problem::new(text, message);
        let (reader, policy) = (app.database.reader(), app.config.directory);
        let mut users = access::named_users(reader, owner, policy, text).await?;
        let user = match (users.pop(), users.is_empty()) {
            (Some(user), true) => user,
            (Some(_), false) => {
                let message = "must be an e-mail: several people have this name";
                wrong.push((index, problem(message)));
                continue;
            }
            (None, _) => {
                let message = "must be the name or e-mail of a user whom you may find";
                wrong.push((index, problem(message)));
                continue;
            }
        };
        if user.id == owner.id {
            notes.push(problem("albums are not shared with their owner"));
            continue;
        }
        found.retain(|other| other.id != user.id);
        found.push(Invitee { id: user.id, email: user.email, role: share.role });
    }
    Ok((found, notes, wrong))
}
