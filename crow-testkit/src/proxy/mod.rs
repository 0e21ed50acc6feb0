//! What lies between a pool and its server, and can go wrong.

mod connection;
mod control;
mod framing;
mod hold;
mod message;
mod rounds;
mod socket;

use std::fmt;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use url::Url;

use self::control::Control;
use self::socket::Socket;
use crate::{Error, address};

pub use self::hold::Hold;
pub use self::message::{Direction, Message};

/// A network between clients and a PostgreSQL server that a test controls: it counts round trips,
/// is slow, stops, breaks, and holds single messages back.
///
/// It listens on a Unix socket that other users cannot reach and forwards to the server of a URL. It
/// works on a thread of its own, so it goes on when the test's runtime stands still or ends.
/// Everything that it is told holds for all connections, those that are yet to come too, from the
/// next message on. Dropping it breaks the connections.
///
/// A [`test`](crate::test) takes it as an argument, before the URL of the application's role:
///
/// ```no_run,test_harness
/// use crow_core::{Error, TenantPool};
/// use crow_testkit::Proxy;
///
/// #[crow_testkit::test]
/// async fn it_takes_one_round_trip(proxy: Proxy) -> Result<(), Error> {
///     let pool = TenantPool::builder(proxy.url()).connect().await?;
///     proxy.reset_round_trips();
///     // Run something on the pool.
///     assert_eq!(proxy.round_trips(), 1);
///     proxy.freeze();
///     // Whatever waits for an answer now waits until its deadline.
///     Ok(())
/// }
/// ```
///
/// # What a round trip is
///
/// Each time the client writes after it has read an answer, it may have waited for that answer, and
/// that is what costs time. So the first message of a client begins a round trip, and a message that is sent after the
/// answer to one of the current round trip has been delivered begins the next. However many
/// messages leave before that, they are of the same round trip: this is what pipelining saves.
/// An answer is delivered when the server is ready for a query again, or waits for the client in
/// another way: in the middle of a login, or for the data of a COPY.
///
/// So the count is that of the longest chain of messages of which each may have waited for the one
/// before. It never is too low. It can be too high where the client did not wait and the answer
/// was faster than its next write, which a [`delay`](Self::delay) of the answers rules out. Saying goodbye, to the server or to a
/// prepared statement, counts nothing, as nobody waits then. Messages inside TLS cannot be seen; there each piece that arrives counts as one, and
/// as an answer.
pub struct Proxy {
    control: Control,
    url: Url,
    socket: Socket,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Begins to forward to the server of `url`.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if `url` is not of the form `postgresql://user@host:port/database`;
    /// [`Error::System`] and [`Error::NoPlace`] if the proxy cannot listen.
    pub fn start(url: &str) -> Result<Self, Error> {
        let (url, server) = address::parse("the URL of the proxied server", url)?;
        let failed = || Error::system("start a proxy");
        let socket = Socket::new()?;
        let control = Control::default();
        let (stop, stopped) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_io().build().map_err(failed())?;
        let listener = {
            let _inside = runtime.enter();
            socket.listener().map_err(failed())?
        };
        let serve = {
            let control = control.clone();
            move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = stopped => {}
                        () = connection::serve(listener, server, control) => {}
                    }
                });
                // Nobody waits for what is still delayed.
                runtime.shutdown_background();
            }
        };
        let thread = thread::Builder::new().name("crow-proxy".into()).spawn(serve).map_err(failed())?;
        Ok(Self { control, url, socket, stop: Some(stop), thread: Some(thread) })
    }

    /// The URL that the proxy was started with, through the proxy: the same role and database.
    #[must_use]
    pub fn url(&self) -> String {
        self.through(&self.url)
    }

    /// Another URL of the same server, of another role for instance, through the proxy.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if it is not of the form `postgresql://user@host:port/database`.
    pub fn reroute(&self, url: &str) -> Result<String, Error> {
        Ok(self.through(&address::parse("the URL to reroute", url)?.0))
    }

    fn through(&self, url: &Url) -> String {
        address::at_socket(url, self.socket.directory(), socket::PORT).into()
    }

    /// The [round trips](Self#what-a-round-trip-is) of all connections since the last reset.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.round_trips_by_connection().iter().sum()
    }

    /// The round trips of each connection, in the order in which they were opened.
    #[must_use]
    pub fn round_trips_by_connection(&self) -> Vec<u64> {
        self.control.round_trips()
    }

    /// Counts from zero again, and forgets the connections that are closed.
    pub fn reset_round_trips(&self) {
        self.control.reset_round_trips();
    }

    /// Delivers whatever goes in this direction later by so much, as a longer way would: what is
    /// under way together still arrives together. Waking up adds a tenth of a millisecond or so.
    pub fn delay(&self, direction: Direction, delay: Duration) {
        self.control.delay(direction, delay);
    }

    /// Delivers nothing more, in either direction, and breaks nothing: what is sent is taken and
    /// kept, as by a network or a server that hangs. New connections are accepted and hang too.
    pub fn freeze(&self) {
        self.control.freeze(true);
    }

    /// Delivers everything that was kept, and what comes.
    pub fn thaw(&self) {
        self.control.freeze(false);
    }

    /// Breaks all connections, for the client and for the server. New ones can be made.
    pub fn cut(&self) {
        self.control.cut();
    }

    /// Refuses new connections, as a host on which nothing listens does. Those that exist go on.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if the socket cannot be closed.
    pub fn refuse(&self) -> Result<(), Error> {
        self.socket.close()
    }

    /// Accepts connections again.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if the socket cannot be opened.
    pub fn accept(&self) -> Result<(), Error> {
        self.socket.open()
    }

    /// Holds the first message back for which `which` says `true`, and everything behind it in the
    /// same direction of its connection. It sees each message that is not held by another hold, in
    /// the order in which they are delivered.
    ///
    /// ```no_run
    /// # async fn test(proxy: crow_testkit::Proxy) {
    /// use crow_testkit::Direction;
    ///
    /// let mut answers = 0;
    /// let mut hold = proxy.hold(move |message| {
    ///     answers += usize::from(message.direction() == Direction::ToClient);
    ///     answers == 3
    /// });
    /// hold.reached().await; // The third answer is here and its receiver waits for it.
    /// hold.cut(4); // It gets four bytes of it.
    /// # }
    /// ```
    pub fn hold(&self, which: impl FnMut(&Message) -> bool + Send + 'static) -> Hold {
        self.control.hold(Box::new(which))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It has told of its panic already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({} to {})", self.socket.directory().display(), address::host_and_port(&self.url))
    }
}
