//! What lies between a pool and a server that is not on the same machine.

use std::time::{Duration, Instant};

use crow_testkit::{Direction, Proxy};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::{ADDED_MS, Failure, Site};

pub(super) struct Network {
    proxy: Proxy,
    added: Duration,
}

impl Network {
    /// Sets the delay so that a round trip takes longer by what is wanted, forwarding and waking up
    /// included.
    pub(super) async fn between(site: &Site) -> Result<Self, Failure> {
        let wanted = Duration::from_secs_f64(ADDED_MS / 1e3);
        let proxy = Proxy::start(&site.url)?;
        let mut near = AsyncPgConnection::establish(&site.url).await?;
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
    pub(super) fn is_as_wanted(&self) -> bool {
        let wanted = Duration::from_secs_f64(ADDED_MS / 1e3);
        self.added.abs_diff(wanted) <= wanted / 10
    }

    pub(super) fn beyond(&self, site: &Site) -> Result<Site, Failure> {
        Ok(Site {
            crow_url: self.proxy.reroute(&site.crow_url)?,
            url: self.proxy.reroute(&site.url)?,
            connections: site.connections,
        })
    }

    pub(super) fn added(&self) -> Duration {
        self.added
    }

    pub(super) fn round_trips(&self) -> u64 {
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
