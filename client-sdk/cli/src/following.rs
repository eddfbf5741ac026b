//! Following what goes on at the server whoever looks on, also where the connection breaks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use albumen_client::{Client, Error};
use tonic::Streaming;

use crate::failure::{Failure, Result};
use crate::output::Output;

/// How long to wait before the server is asked again; twice as long each time that it is away.
const PAUSE: Duration = Duration::from_secs(1);
/// How often in a row the server may be away: long enough for it to start again.
const MAX_ABSENCES: u32 = 6;

/// How far something is.
pub(crate) trait Work: Sized {
    /// What the server sends of it.
    type Answer;

    /// What an answer says.
    fn of(answer: Self::Answer) -> Option<Self>;

    /// Whether there is nothing more to come.
    fn has_ended(&self) -> bool;

    /// Asks how far it is by now; `None` if the server does not know of it any more.
    async fn again(&self, client: &Client) -> Result<Option<Self>, Error>;
}

/// Why nobody follows something any more that may not have ended.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) failure: Failure,
    /// Whether it goes on at the server, as far as one can tell: nobody can where the server is away.
    pub(crate) goes_on: bool,
}

/// Shows how far something is, at first by the server's answers. Gives it as it ended. Ctrl+C leaves
/// it going on.
pub(crate) async fn follow<W: Work>(
    output: Output,
    client: &Client,
    answers: Streaming<W::Answer>,
    mut show: impl FnMut(&W),
) -> Result<W, Stopped> {
    let is_away = AtomicBool::new(false);
    let followed = crate::interrupt::or(async {
        let mut work = read(answers, &mut show).await?;
        let mut absences = 0;
        is_away.store(!work.has_ended(), Ordering::Relaxed);
        while !work.has_ended() {
            tokio::time::sleep(PAUSE * 2_u32.pow(absences)).await;
            match work.again(client).await {
                Ok(Some(now)) => {
                    show(&now);
                    is_away.store(false, Ordering::Relaxed);
                    (work, absences) = (now, 0);
                }
                Ok(None) => return Err(Failure::Other("it was deleted meanwhile".to_owned())),
                Err(error) if error.is_temporary() && absences < MAX_ABSENCES => {
                    if absences == 0 {
                        output.note("the server does not answer; waiting");
                    }
                    is_away.store(true, Ordering::Relaxed);
                    absences += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(work)
    });
    followed.await.map_err(|failure| {
        let goes_on = is_left(&failure) && !is_away.load(Ordering::Relaxed);
        Stopped { failure, goes_on }
    })
}

/// Reads answers up to the last one that comes through.
async fn read<W: Work>(mut answers: Streaming<W::Answer>, show: &mut impl FnMut(&W)) -> Result<W> {
    let mut last = None;
    let broken = loop {
        match answers.message().await {
            Ok(Some(answer)) => {
                if let Some(work) = W::of(answer) {
                    show(&work);
                    last = Some(work);
                }
            }
            // It has ended, or the server stops.
            Ok(None) => break Error::Ended,
            Err(status) => break status.into(),
        }
    };
    last.filter(|_| broken.is_temporary()).ok_or_else(|| broken.into())
}

/// Whether what was followed goes on although nobody follows it any more.
fn is_left(failure: &Failure) -> bool {
    match failure {
        Failure::Interrupted => true,
        Failure::Client(error) => error.is_temporary(),
        _ => false,
    }
}
