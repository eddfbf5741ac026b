//! Who is made a member of new albums.

use super::options::Share;
use super::runs::Problem;
use crate::access::{self, UserActor};
use crate::albums::{Invited, NewMember};
use crate::app::App;
use crate::entity::user::Model as User;
use crate::error::{Error, Result};

/// Finds the people whom an owner names, of the same person twice the last; and says who is passed
/// over. Fails with `INVALID_REQUEST` for names that fit nobody or several.
pub(super) async fn resolve(
    app: &App,
    owner: &UserActor,
    shares: &[Share],
) -> Result<(Vec<NewMember>, Vec<Problem>)> {
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
) -> Result<(Vec<NewMember>, Vec<Problem>)> {
    let (members, mut notes, wrong) = find(app, owner, shares).await?;
    notes.extend(wrong.into_iter().map(|(_, problem)| problem));
    Ok((members, notes))
}

type Wrong = Vec<(usize, Problem)>;

async fn find(
    app: &App,
    owner: &UserActor,
    shares: &[Share],
) -> Result<(Vec<NewMember>, Vec<Problem>, Wrong)> {
    let mut found: Vec<(User, NewMember)> = Vec::new();
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
        found.retain(|(other, _)| other.id != user.id);
        // By the e-mail, by which everybody is found.
        let invited = Invited::Email(user.email.clone());
        found.push((user, NewMember { user: invited, role: share.role.of_album() }));
    }
    Ok((found.into_iter().map(|(_, member)| member).collect(), notes, wrong))
}
