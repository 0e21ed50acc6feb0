//! What lies between a pool and a server that is not on the same machine.

use std::time::{Duration, Instant};

use crow_testkit::{Direction, Proxy};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::{ADDED_MS, Failure};

pub(crate) struct Network {
    proxy: Proxy,
    added: Duration,
}

impl Network {
    /// Sets the delay so that a round trip takes longer by what is wanted, forwarding and waking up
    /// included.
    pub(crate) async fn between(url: &str) -> Result<Self, Failure> {
        let wanted = Duration::from_secs_f64(ADDED_MS / 1e3);
        let proxy = Proxy::start(url)?;
        let mut near = AsyncPgConnection::establish(url).await?;
        let mut far = AsyncPgConnection::establish(&proxy.url()).await?;
        let (mut least, mut most) = (Duration::ZERO, wanted / 2);
        let mut added = wanted;
        for _ in 0..8 {
            let delay = (least + most) / 2;
            for direction in [Direction::ToServer, Direction::ToClient] {
                proxy.delay(direction, delay);
            }
            added = ping(&mut far).await?.saturating_sub(ping(&mut near).await?);
            if added.abs_diff(wanted) < wanted / 50 {
                break;
            }
            (least, most) = if added < wanted { (delay, most) } else { (least, delay) };
        }
        Ok(Self { proxy, added })
    }

    /// Whether a round trip takes longer by about what is wanted, a tenth more or less.
    pub(crate) fn is_as_wanted(&self) -> bool {
        let wanted = Duration::from_secs_f64(ADDED_MS / 1e3);
        self.added.abs_diff(wanted) <= wanted / 10
    }

    /// Where the server is from beyond the network, for the role of another URL too.
    pub(crate) fn beyond(&self, url: &str) -> Result<String, Failure> {
        Ok(self.proxy.reroute(url)?)
    }

    pub(crate) fn added(&self) -> Duration {
        self.added
    }

    pub(crate) fn round_trips(&self) -> u64 {
        self.proxy.round_trips()
    }
}

/// The median of many round trips.
async fn ping(conn: &mut AsyncPgConnection) -> Result<Duration, Failure> {
    let mut times = Vec::new();
    for _ in 0..301 {
        let begun = Instant::now();
        diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1")).execute(conn).await?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}
