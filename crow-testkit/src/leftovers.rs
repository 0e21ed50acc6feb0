//! What killed test runs and schemas of yesterday left on a server that stays.

use crate::Error;
use crate::session::Session;

/// Databases of crow's, by their names, that nobody is connected to and that were made more than a day ago: no test takes
/// as long, and a template that is still in use is built again, once a day.
const OLD: &str = "SELECT d.datname FROM pg_database AS d \
    WHERE d.datname ~ '^crow_([0-9a-f]{32}|template_[0-9a-f]{16}(_draft)?)$' \
    AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid) \
    AND (pg_stat_file('base/' || d.oid || '/PG_VERSION', true)).modification < now() - interval '1 day'";

/// Drops them. Whoever else does the same meanwhile is no obstacle.
pub(crate) async fn drop_old(session: &Session<'_>) -> Result<(), Error> {
    for name in session.run("look for old databases", OLD).await? {
        let free = format!("ALTER DATABASE {name} WITH IS_TEMPLATE false");
        let drop = format!("DROP DATABASE IF EXISTS {name}");
        // Somebody has been quicker, or has begun to use it.
        for statement in [free, drop] {
            let _ = session.run("drop an old database", &statement).await;
        }
    }
    Ok(())
}
