//! One client and its connection to the server.

use std::io;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_timer::Delay;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task;

use super::control::{Control, locked};
use super::framing::Talk;
use super::hold::Fate;
use super::message::{Direction, Message};
use super::rounds::Rounds;
use crate::address::Host;

/// What one direction keeps before it stops reading: more than any test has under way, and little
/// enough that a result which nobody reads stops the server, as it does without a proxy.
const BATCHES: usize = 256;

/// Forwards every connection, until it is dropped.
pub(super) async fn serve(listener: UnixListener, server: Host, control: Control) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Too many files are open, which may pass.
            Delay::new(Duration::from_millis(10)).await;
            continue;
        };
        let (server, control) = (server.clone(), control.clone());
        tokio::spawn(async move {
            let mut cuts = control.cuts();
            tokio::select! {
                biased;
                _ = cuts.changed() => {}
                // The client sees the end of its connection; the server has its log.
                _ = forward(client, server, control) => {}
            }
        });
    }
}

/// Why a direction of a connection ends before its source does.
enum End {
    /// Nobody takes what it delivers. The other direction ends for reasons of its own.
    Unheard,
    /// The test said so, of the whole connection.
    Cut,
}

async fn forward(client: UnixStream, server: Host, control: Control) -> io::Result<()> {
    let rounds = control.rounds();
    match server {
        Host::Socket(path) => {
            let server = UnixStream::connect(path).await?;
            join(client, server, &control, &rounds).await;
        }
        Host::Tcp(name, port) => {
            let server = TcpStream::connect((name.as_str(), port)).await?;
            server.set_nodelay(true)?;
            join(client, server, &control, &rounds).await;
        }
    }
    Ok(())
}

async fn join(
    client: UnixStream,
    server: impl AsyncRead + AsyncWrite,
    control: &Control,
    rounds: &Mutex<Rounds>,
) {
    let talk = &Talk::default();
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    let there = Lane { direction: Direction::ToServer, talk, control, rounds };
    let back = Lane { direction: Direction::ToClient, ..there };
    // What the client sent before an answer came is counted before the answer. At a cut, both ends are dropped.
    let _ = tokio::try_join!(biased; there.run(from_client, to_server), back.run(from_server, to_client));
}

/// One direction of a connection.
#[derive(Clone, Copy)]
struct Lane<'a> {
    direction: Direction,
    talk: &'a Talk,
    control: &'a Control,
    rounds: &'a Mutex<Rounds>,
}

/// Messages that arrived together, and when they are to be delivered.
struct Batch {
    due: Instant,
    messages: Vec<Message>,
}

impl Lane<'_> {
    async fn run(self, source: impl AsyncRead + Unpin, sink: impl AsyncWrite + Unpin) -> Result<(), End> {
        let (batches, queue) = mpsc::channel(BATCHES);
        match tokio::try_join!(self.read(source, batches), self.write(queue, sink)) {
            Err(End::Cut) => Err(End::Cut),
            Err(End::Unheard) | Ok(_) => Ok(()),
        }
    }

    /// Reads to the end, and with it ends the writing, when all is written.
    async fn read(self, mut source: impl AsyncRead + Unpin, batches: mpsc::Sender<Batch>) -> Result<(), End> {
        let mut arrived = BytesMut::new();
        loop {
            arrived.reserve(16 << 10);
            if source.read_buf(&mut arrived).await.unwrap_or(0) == 0 {
                return Ok(());
            }
            let due = Instant::now() + self.control.delay_of(self.direction);
            let mut messages = Vec::new();
            // Whoever talks something else is shown the door.
            while let Some(message) = self.talk.next(self.direction, &mut arrived).map_err(|_| End::Cut)? {
                if self.direction == Direction::ToServer {
                    locked(self.rounds).see(&message);
                }
                messages.push(message);
            }
            if !messages.is_empty() {
                batches.send(Batch { due, messages }).await.map_err(|_| End::Unheard)?;
            }
        }
    }

    async fn write(
        self,
        mut queue: mpsc::Receiver<Batch>,
        mut sink: impl AsyncWrite + Unpin,
    ) -> Result<(), End> {
        while let Some(Batch { due, messages }) = queue.recv().await {
            let early = due.saturating_duration_since(Instant::now());
            if early > Duration::ZERO {
                // tokio's own clock counts in milliseconds. A thread that is ended with the runtime has no answer.
                let _ = task::spawn_blocking(move || thread::sleep(early)).await;
            }
            let mut passing = Vec::new();
            for mut message in messages {
                if let Some(fate) = self.control.meets(&message) {
                    self.deliver(&mut passing, &mut sink).await?;
                    match fate.await {
                        Ok(Fate::Cut(after)) => {
                            message.bytes.truncate(after);
                            self.deliver(&mut vec![message], &mut sink).await?;
                            return Err(End::Cut);
                        }
                        Ok(Fate::Replace(bytes)) => message.bytes = bytes.into(),
                        // It was let go.
                        Err(_) => {}
                    }
                }
                passing.push(message);
            }
            self.deliver(&mut passing, &mut sink).await?;
        }
        sink.shutdown().await.map_err(|_| End::Unheard)
    }

    /// Writes messages in one piece, once nothing is frozen.
    async fn deliver(
        self,
        messages: &mut Vec<Message>,
        sink: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(), End> {
        self.control.thawed().await;
        let mut bytes = BytesMut::new();
        for message in messages.drain(..) {
            if self.direction == Direction::ToClient {
                locked(self.rounds).see(&message);
            }
            bytes.extend_from_slice(&message.bytes);
        }
        sink.write_all(&bytes).await.map_err(|_| End::Unheard)
    }
}
