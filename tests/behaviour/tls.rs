//! `sslmode` and its companions mean what they mean to libpq.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crow_core::{Access, AdminPool, Error, TenantId, TenantPool};
use crow_examples::models::Vehicle;
use crow_testkit::{Server, ServerOptions, TestDb};
use tokio_postgres::{Client, NoTls};

use crate::certificates::{Authority, Files, Issued};
use crate::shop::{Outcome, texts};

/// The name that the servers' certificates are made for; `hostaddr` says where it is.
const HOST: &str = "db.example.com";

const CA: &str = "crow's test CA";

/// What comes of an attempt to connect.
#[derive(Debug, Clone, Copy)]
enum Comes {
    Clear,
    Encrypted,
    /// With these words in the error.
    Refused(&'static str),
}

use Comes::{Clear, Encrypted, Refused};

const UNKNOWN_CA: Comes = Refused("sslrootcert has to name");
const WRONG_NAME: Comes = Refused("subject alternative name");
const EXPIRED: Comes = Refused("renew the server's certificate");
const NO_TLS: Comes = Refused("set ssl = on");

/// The parameters, and what comes of them on a server with a good certificate, with one for another
/// name, with one that has expired, and on one without TLS. `{ca}` is the CA of the servers,
/// `{other}` another one, `{twin}` another one of the same name.
const TABLE: &[(&str, [Comes; 4])] = &[
    ("", [Encrypted, Encrypted, Encrypted, Clear]),
    ("sslmode=disable", [Clear, Clear, Clear, Clear]),
    ("sslmode=disable&sslrootcert={ca}", [Clear, Clear, Clear, Clear]),
    ("sslmode=prefer", [Encrypted, Encrypted, Encrypted, Clear]),
    ("sslmode=prefer&sslrootcert={ca}", [Encrypted, Encrypted, EXPIRED, Clear]),
    ("sslmode=prefer&sslrootcert={other}", [UNKNOWN_CA, UNKNOWN_CA, EXPIRED, Clear]),
    ("sslmode=require", [Encrypted, Encrypted, Encrypted, NO_TLS]),
    ("sslmode=require&sslrootcert={ca}", [Encrypted, Encrypted, EXPIRED, NO_TLS]),
    ("sslmode=require&sslrootcert={other}", [UNKNOWN_CA, UNKNOWN_CA, EXPIRED, NO_TLS]),
    ("sslmode=require&channel_binding=require", [Encrypted, Encrypted, Encrypted, NO_TLS]),
    ("sslmode=verify-ca&sslrootcert={ca}", [Encrypted, Encrypted, EXPIRED, NO_TLS]),
    ("sslmode=verify-ca&sslrootcert={other}", [UNKNOWN_CA, UNKNOWN_CA, EXPIRED, NO_TLS]),
    ("sslmode=verify-full&sslrootcert={ca}", [Encrypted, WRONG_NAME, EXPIRED, NO_TLS]),
    ("sslmode=verify-full&sslrootcert={other}", [UNKNOWN_CA, UNKNOWN_CA, EXPIRED, NO_TLS]),
    ("sslmode=verify-full&sslrootcert={twin}", [UNKNOWN_CA, UNKNOWN_CA, EXPIRED, NO_TLS]),
    (
        "sslmode=verify-full&sslrootcert={ca}&channel_binding=require",
        [Encrypted, WRONG_NAME, EXPIRED, NO_TLS],
    ),
    ("channel_binding=require", [Encrypted, Encrypted, Encrypted, Refused("channel binding")]),
    ("sslmode=disable&channel_binding=require", [Refused("channel binding"); 4]),
];

/// A server, and what its clients need.
struct Scene {
    db: TestDb,
    /// Looks from outside. Kept open: each login by password takes its time.
    superuser: Client,
    ca: Authority,
    files: Files,
}

impl Scene {
    /// With what `certificate` makes of the CA.
    async fn open(certificate: impl FnOnce(&Authority) -> Outcome<Issued>) -> Outcome<Self> {
        Self::open_with(certificate, |options, _| options).await
    }

    async fn open_with(
        certificate: impl FnOnce(&Authority) -> Outcome<Issued>,
        options: impl FnOnce(ServerOptions, &Authority) -> ServerOptions,
    ) -> Outcome<Self> {
        let ca = Authority::new(CA)?;
        let Issued { certificate, key } = certificate(&ca)?;
        let tls = ServerOptions::default().loopback().tls(certificate, key);
        Self::on(options(tls, &ca), ca).await
    }

    async fn without_tls() -> Outcome<Self> {
        Self::on(ServerOptions::default().loopback(), Authority::new(CA)?).await
    }

    async fn on(options: ServerOptions, ca: Authority) -> Outcome<Self> {
        let db = TestDb::on(&Server::private(options)?, crow_examples::MIGRATIONS).await?;
        crate::shop::prepare(&db).await?;
        let (superuser, connection) = tokio_postgres::connect(&db.database().superuser_url(), NoTls).await?;
        tokio::spawn(connection);
        let files = Files::new()?;
        files.write("ca.crt", &ca.pem())?;
        files.write("other.crt", &Authority::new("another CA")?.pem())?;
        files.write("twin.crt", &Authority::new(CA)?.pem())?;
        Ok(Self { db, superuser, ca, files })
    }

    /// The application's URL, by the name of the certificates.
    fn url(&self, parameters: &str) -> String {
        self.fill(&self.db.tenant_url(), parameters)
    }

    fn fill(&self, url: &str, parameters: &str) -> String {
        let parameters = parameters
            .replace("{ca}", &self.path("ca.crt"))
            .replace("{other}", &self.path("other.crt"))
            .replace("{twin}", &self.path("twin.crt"))
            .replace("{dir}", &self.path(""));
        format!("{}?hostaddr=127.0.0.1&{parameters}", url.replace("127.0.0.1", HOST))
    }

    fn path(&self, name: &str) -> String {
        self.files.path(name).display().to_string()
    }

    /// Connects a pool and looks at it from outside.
    async fn assert_comes(&self, url: &str, expected: Comes) -> Outcome {
        let pool = TenantPool::builder(url).max_size(1).connect().await;
        let seen = match (&pool, expected) {
            (Ok(_), Clear) => self.encrypted("crow_app").await? == [false],
            (Ok(_), Encrypted) => self.encrypted("crow_app").await? == [true],
            (Err(error), Refused(words)) => {
                let text = error.to_string();
                let password = self.db.database().server().role_password("crow_app");
                assert!(!password.is_some_and(|password| text.contains(&password)), "{text}");
                text.contains(words)
            }
            _ => false,
        };
        assert!(seen, "{url}: expected {expected:?}, found {pool:?}");
        drop(pool);
        self.gone("crow_app").await
    }

    /// Whether the connections of a role are encrypted, as the server sees it: one answer if they agree.
    async fn encrypted(&self, role: &str) -> Outcome<Vec<bool>> {
        let sql =
            "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1::text";
        Ok(self.superuser.query(sql, &[&role]).await?.iter().map(|row| row.get(0)).collect())
    }

    /// No process serves the role any more.
    async fn gone(&self, role: &str) -> Outcome {
        while !self.encrypted(role).await?.is_empty() {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn assert_column(&self, column: usize) -> Outcome {
        for (parameters, comes) in TABLE {
            self.assert_comes(&self.url(parameters), comes[column]).await?;
        }
        Ok(())
    }
}

fn right_name(ca: &Authority) -> Outcome<Issued> {
    ca.server(&[HOST])
}

#[tokio::test]
async fn each_mode_on_a_server_with_a_good_certificate() -> Outcome {
    Scene::open(right_name).await?.assert_column(0).await
}

#[tokio::test]
async fn each_mode_on_a_server_with_a_certificate_for_another_name() -> Outcome {
    Scene::open(|ca| ca.server(&["other.example.com", "example.com"])).await?.assert_column(1).await
}

#[tokio::test]
async fn each_mode_on_a_server_with_an_expired_certificate() -> Outcome {
    Scene::open(|ca| ca.expired_server(&[HOST])).await?.assert_column(2).await
}

#[tokio::test]
async fn each_mode_on_a_server_without_tls() -> Outcome {
    Scene::without_tls().await?.assert_column(3).await
}

#[tokio::test]
async fn an_address_is_a_name_too() -> Outcome {
    let scene = Scene::open(|ca| ca.server(&["127.0.0.1"])).await?;
    let parameters = format!("?sslmode=verify-full&sslrootcert={}", scene.path("ca.crt"));
    scene.assert_comes(&(scene.db.tenant_url() + &parameters), Encrypted).await?;
    scene.assert_comes(&scene.url("sslmode=verify-full&sslrootcert={ca}"), WRONG_NAME).await
}

#[tokio::test]
async fn the_form_of_pairs_says_the_same() -> Outcome {
    let scene = Scene::open(right_name).await?;
    let url: tokio_postgres::Config = scene.db.tenant_url().parse()?;
    let password = scene.db.database().server().role_password("crow_app").ok_or("a password")?;
    let pairs = |root: &str| {
        format!(
            "host={HOST} hostaddr=127.0.0.1 port={} user=crow_app password='{password}' dbname={} \
             sslmode = verify-full sslrootcert='{}'",
            url.get_ports()[0],
            scene.db.database().name(),
            scene.path(root),
        )
    };
    scene.assert_comes(&pairs("ca.crt"), Encrypted).await?;
    scene.assert_comes(&pairs("other.crt"), UNKNOWN_CA).await
}

#[tokio::test]
async fn admin_connects_by_the_same_rules() -> Outcome {
    let scene = Scene::open(right_name).await?;
    let url = |parameters| scene.fill(&scene.db.admin_url(), parameters);
    let pool = AdminPool::builder(url("sslmode=verify-full&sslrootcert={ca}")).connect().await?;
    assert_eq!(scene.encrypted("crow_admin").await?, [true]);
    drop(pool);
    let refused = AdminPool::builder(url("sslmode=verify-full&sslrootcert={other}")).connect().await;
    assert!(
        matches!(&refused, Err(Error::Connection(text)) if text.contains("sslrootcert has to name")),
        "{refused:?}"
    );
    Ok(())
}

/// A pool that is refused in clear must not have sent its password.
#[tokio::test]
async fn a_server_can_insist_on_tls() -> Outcome {
    let scene =
        Scene::open_with(right_name, |options, _| options.hba("hostnossl all crow_app all reject")).await?;
    scene.assert_comes(&scene.url("sslmode=disable"), Refused("sslmode")).await?;
    scene.assert_comes(&scene.url("sslmode=prefer"), Encrypted).await
}

#[tokio::test]
async fn a_client_shows_its_certificate() -> Outcome {
    for line in
        ["hostssl all crow_app all cert", "hostssl all crow_app all scram-sha-256 clientcert=verify-full"]
    {
        let scene = Scene::open_with(right_name, |options, ca| options.client_ca(ca.pem()).hba(line)).await?;
        let app = scene.ca.client("crow_app")?;
        let somebody = scene.ca.client("somebody")?;
        let stranger = Authority::new(CA)?.client("crow_app")?;
        for (name, issued) in [("app", app), ("somebody", somebody), ("stranger", stranger)] {
            scene.files.write(&format!("{name}.crt"), &issued.certificate)?;
            scene.files.write(&format!("{name}.key"), &issued.key)?;
        }
        for (client, comes) in [
            ("&sslcert={dir}/app.crt&sslkey={dir}/app.key", Encrypted),
            ("", Refused("sslcert")),
            ("&sslcert={dir}/somebody.crt&sslkey={dir}/somebody.key", Refused("sslcert")),
            ("&sslcert={dir}/stranger.crt&sslkey={dir}/stranger.key", Refused("sslcert")),
            ("&sslcert={dir}/app.crt&sslkey={dir}/stranger.key", Refused("sslkey")),
        ] {
            let url = scene.url(&format!("sslmode=verify-full&sslrootcert={{ca}}{client}"));
            scene.assert_comes(&url, comes).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_with_what_is_wrong() -> Outcome {
    let scene = Scene::open(right_name).await?;
    let Issued { certificate, key } = scene.ca.client("crow_app")?;
    scene.files.write("app.crt", &certificate)?;
    scene.files.write("app.key", &key)?;
    scene.files.write("open.key", &key)?;
    fs::set_permissions(scene.files.path("open.key"), Permissions::from_mode(0o644))?;
    scene.files.write("locked.key", &key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"))?;
    scene.files.write("empty.pem", "")?;
    scene.files.write("broken.pem", &certificate.replace('M', "%"))?;
    for (parameters, file, problem) in [
        ("sslmode=verify-full&sslrootcert={dir}/none.crt", "none.crt", "No such file"),
        ("sslmode=require&sslrootcert={dir}/none.crt", "none.crt", "No such file"),
        ("sslmode=prefer&sslrootcert={dir}/none.crt", "none.crt", "No such file"),
        ("sslmode=verify-ca&sslrootcert={dir}/empty.pem", "empty.pem", "no certificate of a CA"),
        ("sslmode=verify-ca&sslrootcert={dir}/app.key", "app.key", "no certificate of a CA"),
        ("sslmode=verify-ca&sslrootcert={dir}/broken.pem", "broken.pem", "cannot be used"),
        ("sslcert={dir}/none.crt&sslkey={dir}/app.key", "none.crt", "No such file"),
        ("sslcert={dir}/empty.pem&sslkey={dir}/app.key", "empty.pem", "no certificate"),
        ("sslcert={dir}/app.crt&sslkey={dir}/none.key", "none.key", "No such file"),
        ("sslcert={dir}/app.crt&sslkey={dir}/open.key", "open.key", "chmod it to 0600"),
        ("sslcert={dir}/app.crt&sslkey={dir}/locked.key", "locked.key", "locked by a passphrase"),
        ("sslcert={dir}/app.crt&sslkey={dir}/app.crt", "app.crt", "no private key"),
    ] {
        let refused = TenantPool::builder(scene.url(parameters)).connect().await.expect_err(parameters);
        let text = refused.to_string();
        assert!(text.contains(file) && text.contains(problem), "{parameters}: {text}");
        assert!(matches!(refused, Error::Connection(_)), "{refused:?}");
        let secret = key.lines().nth(1).ok_or("a line of the key")?;
        assert!(!text.contains(secret), "{text}");
    }
    Ok(())
}

/// Certificates live for weeks and pools for months.
#[tokio::test]
async fn certificates_are_renewed_under_a_running_pool() -> Outcome {
    let scene = Scene::open(right_name).await?;
    let pool = TenantPool::builder(scene.url("sslmode=verify-full&sslrootcert={ca}")).max_size(1);
    let pool = pool.connect().await?;
    let shop = TenantId::random();
    let new_connection = async || -> Result<(), Error> {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'crow_app'";
        scene.superuser.batch_execute(end).await.map_err(|error| Error::Other(error.to_string()))?;
        // The pool may not have noticed yet.
        while let Err(error) = pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await {
            if !error.to_string().contains("open a new scope") {
                return Err(error);
            }
        }
        Ok(())
    };
    scene.files.write("ca.crt", &Authority::new(CA)?.pem())?;
    let refused = new_connection().await;
    assert!(
        matches!(&refused, Err(Error::Connection(text)) if text.contains("sslrootcert has to name")),
        "{refused:?}"
    );
    scene.files.write("ca.crt", &scene.ca.pem())?;
    new_connection().await?;
    assert_eq!(scene.encrypted("crow_app").await?, [true]);
    Ok(())
}

/// What the operating system trusts is told to the process by its environment, so the test is
/// played by this binary once more.
#[tokio::test]
async fn the_systems_roots_are_those_of_the_operating_system() -> Outcome {
    const URL: &str = "CROW_TEST_SYSTEM_ROOTS";
    if let Ok(url) = env::var(URL) {
        TenantPool::builder(url).connect().await?;
        return Ok(());
    }
    let scene = Scene::open(right_name).await?;
    let wrong_name = Scene::open(|ca| ca.server(&["other.example.com"])).await?;
    for (scene, root, answer) in [
        (&scene, "ca.crt", None),
        (&scene, "other.crt", Some("sslrootcert has to name")),
        (&wrong_name, "ca.crt", Some("subject alternative name")),
    ] {
        let child = Command::new(env::current_exe()?)
            .args(["--exact", "tls::the_systems_roots_are_those_of_the_operating_system", "--nocapture"])
            .env(URL, scene.url("sslrootcert=system"))
            .env("SSL_CERT_FILE", scene.path(root))
            .output()?;
        let said =
            String::from_utf8_lossy(&child.stderr).into_owned() + &String::from_utf8_lossy(&child.stdout);
        assert_eq!(child.status.success(), answer.is_none(), "{said}");
        assert!(answer.is_none_or(|answer| said.contains(answer)), "{said}");
    }
    Ok(())
}

/// PostgreSQL understands a handshake without a question before it since 17.
#[tokio::test]
async fn the_handshake_can_come_first() -> Outcome {
    let scene = Scene::open(right_name).await?;
    let version = "SELECT current_setting('server_version_num')::int";
    let expected = match scene.superuser.query_one(version, &[]).await?.get::<_, i32>(0) {
        170_000.. => Encrypted,
        _ => Refused("sslnegotiation=direct"),
    };
    let url = scene.url("sslmode=verify-full&sslrootcert={ca}&sslnegotiation=direct");
    scene.assert_comes(&url, expected).await?;
    let url = scene.url("sslmode=verify-full&sslrootcert={other}&sslnegotiation=direct");
    scene.assert_comes(&url, if matches!(expected, Encrypted) { UNKNOWN_CA } else { expected }).await
}

/// As libpq does: nobody can listen in on a socket.
#[tokio::test]
async fn a_unix_socket_is_never_encrypted() -> Outcome {
    let ca = Authority::new(CA)?;
    let Issued { certificate, key } = right_name(&ca)?;
    let scene = Scene::on(ServerOptions::default().tls(certificate, key), ca).await?;
    for parameters in ["sslmode=prefer", "sslmode=require", "sslmode=verify-full&sslrootcert=/none"] {
        scene.assert_comes(&format!("{}?{parameters}", scene.db.tenant_url()), Clear).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_statement_of_many_megabytes_passes_an_encrypted_connection() -> Outcome {
    let scene = Scene::open(right_name).await?;
    let admin = AdminPool::builder(scene.fill(&scene.db.admin_url(), "sslmode=require")).connect().await?;
    let mut conn = admin.get(Access::new("test", "size")).await?;
    let text = "x".repeat(5_000_000);
    let back = texts(&mut conn, &format!("SELECT '{text}' AS text")).await?;
    assert!(back == [text]);
    Ok(())
}
