//! Each kind of work meets each fault at each message that its connection sends or receives.
//!
//! That is some thousands of cases. A run of the suite takes every seventh of them, another seventh for each
//! kind of work and each direction, so that each message meets a fault and each fault happens everywhere; with
//! `CROW_FAULTS=all` it takes all.

use std::time::Duration;

use crow_core::Error;
use crow_testkit::{Direction, Hold};

use crate::scene::Scene;
use crate::shop::Outcome;
use crate::works::Work;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The message comes late.
    Slow,
    /// The connection breaks before the message.
    Cut,
    /// The connection breaks in the middle of the message.
    CutInside,
    /// The server ends the process that serves the connection.
    Killed,
    /// The server refuses what the message asks for.
    Refused,
    /// The message comes when nobody waits for it any more.
    Never,
    /// Whoever waits is dropped.
    Dropped,
}

impl Fault {
    const ALL: [Self; 7] =
        [Self::Slow, Self::Cut, Self::CutInside, Self::Killed, Self::Refused, Self::Never, Self::Dropped];
}

/// How a case ended.
struct End {
    /// There was such a message.
    disturbed: bool,
    /// None if the work was dropped.
    result: Option<Result<(), Error>>,
}

impl Scene {
    /// Runs the work, and lets the fault happen when so many messages have passed in this direction.
    async fn disturb(&self, work: Work, direction: Direction, nth: usize, fault: Fault) -> Outcome<End> {
        let mut passed = 0;
        let mut hold = self.proxy.hold(move |message| {
            passed += usize::from(message.direction() == direction);
            passed > nth
        });
        let mut run = work.run(&self.pool, self.ours());
        let message = tokio::select! {
            biased;
            result = &mut run => return Ok(End { disturbed: false, result: Some(result) }),
            message = hold.reached() => message,
        };
        let (length, refused) = (message.bytes().len(), refused(message));
        match fault {
            Fault::Slow => {
                yield_often().await;
                hold.release();
            }
            Fault::Cut => hold.cut(0),
            Fault::CutInside => hold.cut(length / 2),
            Fault::Killed => {
                self.kill_backends().await?;
                hold.release();
            }
            Fault::Refused => match refused {
                Some(message) => hold.replace(message),
                None => hold.release(),
            },
            Fault::Never => return self.forsake(run, hold).await,
            Fault::Dropped => {
                drop(run);
                hold.release();
                return Ok(End { disturbed: true, result: None });
            }
        }
        Ok(End { disturbed: true, result: Some(run.await) })
    }

    /// Waits until the work gives up. The message comes all the same, after that.
    async fn forsake(&self, run: impl Future<Output = Result<(), Error>>, hold: Hold) -> Outcome<End> {
        // No packet comes, so the clock may run on to whatever ends the wait.
        tokio::time::pause();
        let result = run.await;
        tokio::time::resume();
        hold.release();
        Ok(End { disturbed: true, result: Some(result) })
    }

    async fn assert_survived(&self, work: Work, fault: Fault, end: &End) -> Outcome {
        let result = end.result.as_ref();
        let as_meant = result.is_none_or(|result| work.ends_as_meant(result));
        let ends_well = as_meant
            || match (fault, result) {
                _ if !end.disturbed => false,
                (Fault::Cut | Fault::CutInside | Fault::Killed, Some(Err(error))) => {
                    let text = error.to_string();
                    ["open a new scope", "cannot connect", "was dropped"].iter().any(|end| text.contains(end))
                }
                (Fault::Never, Some(Err(Error::Deadline(_)))) => true,
                (Fault::Never, Some(Err(Error::CommitUnknown(text)))) => {
                    text.contains("longer than its deadline")
                }
                (Fault::Never, Some(Err(Error::Connection(text)))) => text.contains("did not answer in time"),
                // Whatever it says, it has to be whole.
                (Fault::Refused, Some(Err(_))) => true,
                _ => false,
            };
        if !ends_well {
            return Err(format!("it ends in {result:?}").into());
        }
        self.assert_whole(work, result).await
    }
}

/// A message that the server answers with an error, in the place of one that it would obey.
fn refused(message: &crow_testkit::Message) -> Option<Vec<u8>> {
    let (tag, body): (u8, &[u8]) = match (message.direction(), message.tag()?) {
        (Direction::ToServer, b'E') => (b'E', b"no such portal\0\0\0\0\0"),
        (Direction::ToServer, b'Q') => (b'Q', b"SELECT 1/0\0"),
        _ => return None,
    };
    let length = u32::try_from(4 + body.len()).ok()?;
    Some([&[tag], &length.to_be_bytes()[..], body].concat())
}

async fn yield_often() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Every case of a kind of work, or the seventh of them that `turn` says.
async fn survive(work: Work, turn: usize) -> Outcome {
    let all = std::env::var("CROW_FAULTS").is_ok_and(|faults| faults == "all");
    let scene = Scene::open().await?;
    let mut cases = 0;
    for (way, direction) in [Direction::ToServer, Direction::ToClient].into_iter().enumerate() {
        for (kind, fault) in Fault::ALL.into_iter().enumerate() {
            for nth in 0.. {
                if !all && !(nth + kind + turn + 3 * way).is_multiple_of(Fault::ALL.len()) {
                    continue;
                }
                let told = |error: &dyn std::fmt::Display| {
                    format!("{work:?}, message {nth} {direction:?}, {fault:?}: {error}")
                };
                let end = scene.disturb(work, direction, nth, fault).await.map_err(|error| told(&error))?;
                scene.assert_survived(work, fault, &end).await.map_err(|error| told(&error))?;
                if !end.disturbed {
                    break;
                }
                cases += 1;
            }
        }
    }
    println!("{work:?}: {cases} cases");
    Ok(())
}

macro_rules! survives {
    ($($name:ident: $work:ident,)*) => {$(
        #[tokio::test]
        async fn $name() -> Outcome {
            let turn = Work::ALL.iter().position(|work| *work == Work::$work).unwrap_or(0);
            survive(Work::$work, turn).await
        }
    )*};
}

survives! {
    a_statement: Statement,
    statements_side_by_side: SideBySide,
    a_transaction: Transaction,
    a_rollback: RollBack,
    savepoints: Savepoints,
    a_stream: Stream,
    a_stream_that_is_dropped: DroppedStream,
    a_statement_that_is_refused: RefusedStatement,
    a_commit_that_is_refused: RefusedCommit,
    raw_sql: RawSql,
}

/// A connection that is being opened is nobody's yet.
#[tokio::test]
async fn a_login() -> Outcome {
    let scene = Scene::open().await?;
    for direction in [Direction::ToServer, Direction::ToClient] {
        for fault in Fault::ALL {
            for nth in 0..6 {
                scene.lose_connections().await?;
                let told = |error: &dyn std::fmt::Display| {
                    format!("message {nth} {direction:?}, {fault:?}: {error}")
                };
                let end = scene
                    .disturb(Work::Statement, direction, nth, fault)
                    .await
                    .map_err(|error| told(&error))?;
                scene.assert_survived(Work::Statement, fault, &end).await.map_err(|error| told(&error))?;
            }
        }
    }
    Ok(())
}

/// Past the deadline a server that hangs is left to itself.
#[tokio::test]
async fn a_network_that_hangs() -> Outcome {
    let scene = Scene::open_with(|pool| pool.deadline(Duration::from_secs(7))).await?;
    for work in Work::ALL {
        scene.proxy.freeze();
        tokio::time::pause();
        let begin = tokio::time::Instant::now();
        let result = scene.run(work).await;
        let waited = begin.elapsed();
        tokio::time::resume();
        let late = matches!(&result, Err(Error::Deadline(_) | Error::CommitUnknown(_)));
        assert!(late, "{work:?}: {result:?}");
        assert_eq!(waited.as_secs(), 7);
        scene.proxy.thaw();
        scene.assert_whole(work, Some(&result)).await?;
    }
    Ok(())
}
