//! The proxy does to a connection what it says, and nothing else.

use std::time::{Duration, Instant};

use bytes::Bytes;
use crow_testkit::{Direction, Message, Proxy, Server};
use futures_util::SinkExt;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Long after everything that happens has happened.
const LATE: Duration = Duration::from_secs(20);
/// Long enough that what was to happen would have.
const SOON: Duration = Duration::from_millis(100);

fn proxy() -> Outcome<Proxy> {
    Ok(Proxy::start(&Server::shared()?.superuser_url("postgres"))?)
}

async fn connect(proxy: &Proxy) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(&proxy.url(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn select(client: &Client, sql: &str) -> Outcome<String> {
    let messages = timeout(LATE, client.simple_query(sql)).await??;
    let rows = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(rows.collect())
}

/// A query of the simple protocol with this text.
fn query(text: &'static str) -> impl FnMut(&Message) -> bool + Send + 'static {
    move |message| message.tag() == Some(b'Q') && message.contains(text)
}

fn nth(direction: Direction, number: usize) -> impl FnMut(&Message) -> bool + Send + 'static {
    let mut seen = 0;
    move |message| {
        seen += usize::from(message.direction() == direction);
        seen == number
    }
}

#[tokio::test]
async fn it_forwards_results_of_any_size() -> Outcome {
    let proxy = proxy()?;
    let client = connect(&proxy).await?;
    let long = "SELECT string_agg(md5(i::text), '') FROM generate_series(1, 100000) AS i";
    assert_eq!(select(&client, long).await?.len(), 3_200_000);
    let many = "SELECT 'x' FROM generate_series(1, 100000)";
    assert_eq!(select(&client, many).await?.len(), 100_000);
    let text = "y".repeat(3_000_000);
    assert_eq!(select(&client, &format!("SELECT '{text}'")).await?, text);
    Ok(())
}

#[tokio::test]
async fn another_role_of_the_same_server_goes_through_it_too() -> Outcome {
    let server = Server::shared()?;
    let proxy = proxy()?;
    let url = proxy.reroute(&server.superuser_url("template1"))?;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    assert_eq!(select(&client, "SELECT current_database()").await?, "template1");
    assert!(proxy.round_trips() > 0);
    for wrong in ["host=localhost", "mysql://root@localhost/x", "postgresql:///x"] {
        assert!(proxy.reroute(wrong).is_err(), "{wrong}");
    }
    Ok(())
}

#[tokio::test]
async fn steps_that_are_awaited_are_counted_and_pipelined_ones_are_one() -> Outcome {
    let proxy = proxy()?;
    let client = connect(&proxy).await?;
    assert_eq!(proxy.round_trips(), 1, "a login without a password");
    for text in ["BEGIN", "SELECT 1", "SELECT 2", "COMMIT"] {
        select(&client, text).await?;
    }
    assert_eq!(proxy.round_trips(), 5);
    proxy.reset_round_trips();
    let (a, b, c) = tokio::join!(
        select(&client, "SELECT 1"),
        select(&client, "SELECT 2"),
        select(&client, "SELECT pg_sleep(0.01)")
    );
    assert_eq!((a?, b?, c?), ("1".into(), "2".into(), String::new()));
    assert_eq!(proxy.round_trips(), 1);
    let other = connect(&proxy).await?;
    select(&other, "SELECT 1").await?;
    assert_eq!(proxy.round_trips_by_connection(), [1, 2]);
    drop(other);
    Ok(())
}

/// Pieces that the driver writes one by one are one question all the same, for nobody waits between them.
#[tokio::test]
async fn a_copy_is_counted_by_what_it_waits_for() -> Outcome {
    let proxy = proxy()?;
    let client = connect(&proxy).await?;
    select(&client, "CREATE TEMP TABLE t (n text)").await?;
    proxy.reset_round_trips();
    let mut sink = Box::pin(client.copy_in("COPY t FROM STDIN").await?);
    for _ in 0..100 {
        sink.send(Bytes::from_static(b"row\n")).await?;
    }
    assert_eq!(sink.as_mut().finish().await?, 100);
    // To prepare, to be ready for data, to be done.
    assert_eq!(proxy.round_trips(), 3);
    Ok(())
}

#[tokio::test]
async fn delays_add_up() -> Outcome {
    let proxy = proxy()?;
    let client = connect(&proxy).await?;
    let delay = Duration::from_millis(60);
    proxy.delay(Direction::ToServer, delay);
    proxy.delay(Direction::ToClient, delay);
    let begin = Instant::now();
    tokio::try_join!(select(&client, "SELECT 1"), select(&client, "SELECT 2"))?;
    assert!(begin.elapsed() >= 2 * delay, "{:?}", begin.elapsed());
    Ok(())
}

#[tokio::test]
async fn what_is_frozen_comes_when_it_thaws() -> Outcome {
    let proxy = proxy()?;
    let client = connect(&proxy).await?;
    proxy.freeze();
    let mut answer = Box::pin(select(&client, "SELECT 1"));
    assert!(timeout(SOON, &mut answer).await.is_err());
    let newcomer = timeout(SOON, connect(&proxy)).await;
    assert!(newcomer.is_err(), "accepted, and not answered");
    proxy.thaw();
    assert_eq!(answer.await?, "1");
    connect(&proxy).await?;
    Ok(())
}

#[tokio::test]
async fn a_cut_ends_both_sides() -> Outcome {
    let proxy = proxy()?;
    let (client, other) = (connect(&proxy).await?, connect(&proxy).await?);
    let pid = select(&client, "SELECT pg_backend_pid()").await?;
    proxy.cut();
    assert!(select(&client, "SELECT 1").await.is_err());
    assert!(select(&other, "SELECT 1").await.is_err());
    let client = connect(&proxy).await?;
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    let ended = async { while select(&client, &count).await.is_ok_and(|count| count == "1") {} };
    timeout(LATE, ended).await?;
    Ok(())
}

#[tokio::test]
async fn who_is_refused_is_told_at_once_and_who_is_connected_stays_so() -> Outcome {
    let proxy = proxy()?;
    let client = connect(&proxy).await?;
    for _ in 0..2 {
        proxy.refuse()?;
        let refused = connect(&proxy).await.map(drop).unwrap_err();
        let cause = refused.source().expect("a cause").to_string();
        assert!(cause.contains("refused"), "{cause}");
        assert_eq!(select(&client, "SELECT 1").await?, "1");
        proxy.accept()?;
        connect(&proxy).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_held_message_waits_and_all_behind_it_and_nobody_else() -> Outcome {
    let proxy = proxy()?;
    let (client, other) = (connect(&proxy).await?, connect(&proxy).await?);
    let mut hold = proxy.hold(query("SELECT 2"));
    assert!(!hold.is_reached());
    let mut answers = Box::pin(async {
        tokio::try_join!(
            select(&client, "SELECT 1"),
            select(&client, "SELECT 2"),
            select(&client, "SELECT 3")
        )
    });
    tokio::select! {
        message = hold.reached() => assert!(message.contains("SELECT 2")),
        answers = &mut answers => panic!("{answers:?}"),
    }
    assert!(hold.is_reached());
    assert!(timeout(SOON, &mut answers).await.is_err());
    assert_eq!(select(&other, "SELECT 2").await?, "2", "one message was to be held");
    hold.release();
    assert_eq!(answers.await?, ("1".into(), "2".into(), "3".into()));
    Ok(())
}

#[tokio::test]
async fn a_message_can_be_cut_in_the_middle_in_either_direction() -> Outcome {
    let proxy = proxy()?;
    for (direction, after) in [
        (Direction::ToServer, 0),
        (Direction::ToServer, 3),
        (Direction::ToClient, 0),
        (Direction::ToClient, 3),
    ] {
        let client = connect(&proxy).await?;
        let mut hold = proxy.hold(nth(direction, 1));
        let (answer, ()) = tokio::join!(select(&client, "SELECT 1"), async {
            hold.reached().await;
            hold.cut(after);
        });
        assert!(answer.is_err(), "{direction:?} {after}");
    }
    let client = connect(&proxy).await?;
    assert_eq!(select(&client, "SELECT 1").await?, "1");
    Ok(())
}

#[tokio::test]
async fn a_message_can_be_replaced() -> Outcome {
    let proxy = proxy()?;
    let client = connect(&proxy).await?;
    let mut hold = proxy.hold(query("SELECT 1"));
    let (answer, ()) = tokio::join!(select(&client, "SELECT 1"), async {
        let other = String::from_utf8(hold.reached().await.bytes().to_vec()).expect("text");
        hold.replace(other.replace("SELECT 1", "SELECT 2"));
    });
    assert_eq!(answer?, "2");
    Ok(())
}

/// What the server did is done, even if nobody hears of it.
#[tokio::test]
async fn what_was_delivered_before_a_cut_has_happened() -> Outcome {
    let proxy = proxy()?;
    let client = connect(&proxy).await?;
    let table = format!("t_{}", std::process::id());
    let create: &'static str = Box::leak(format!("CREATE TABLE {table} ()").into_boxed_str());
    let mut hold = proxy.hold(nth(Direction::ToClient, 1));
    let (answer, ()) = tokio::join!(select(&client, create), async {
        hold.reached().await;
        hold.cut(0);
    });
    assert!(answer.is_err());
    let client = connect(&proxy).await?;
    select(&client, &format!("DROP TABLE {table}")).await?;
    Ok(())
}

/// The last words of a server that closes the connection reach the client.
#[tokio::test]
async fn an_end_from_the_server_is_passed_on() -> Outcome {
    let proxy = proxy()?;
    let (client, other) = (connect(&proxy).await?, connect(&proxy).await?);
    let pid = select(&client, "SELECT pg_backend_pid()").await?;
    let kill = format!("SELECT pg_terminate_backend({pid}, 10000)");
    let (asleep, killed) = tokio::join!(select(&client, "SELECT pg_sleep(20)"), select(&other, &kill));
    assert_eq!(killed?, "t");
    let error = asleep.unwrap_err();
    let told = error.source().map(ToString::to_string).unwrap_or_default();
    assert!(told.contains("terminating connection"), "{error} {told}");
    Ok(())
}

/// A proxy runs by itself, whatever the runtime of the test does.
#[test]
fn it_outlives_a_runtime() -> Outcome {
    let proxy = proxy()?;
    for _ in 0..2 {
        let answer = crate::actor::block_on(async { select(&connect(&proxy).await?, "SELECT 1").await });
        assert_eq!(answer?, "1");
    }
    Ok(())
}

#[test]
fn it_leaves_no_directory_behind() -> Outcome {
    let proxy = proxy()?;
    let shown = format!("{proxy:?}");
    let directory =
        shown.strip_prefix("Proxy(").and_then(|rest| rest.split(' ').next()).expect("a directory");
    assert!(std::path::Path::new(directory).is_dir(), "{shown}");
    drop(proxy);
    assert!(!std::path::Path::new(directory).exists());
    Ok(())
}
