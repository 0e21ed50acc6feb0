//! Where nothing is installed the programs are downloaded; here from a mirror on this machine.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use crow_testkit::{Server, ServerOptions};
use liblzma::write::XzEncoder;
use sha2::{Digest, Sha512};
use zip::write::SimpleFileOptions;

use crate::actor::run;
use crate::scene::{Scene, eventually};

/// A Maven repository with one release of one artifact, served over HTTP.
struct Mirror {
    port: u16,
    asked_for: Arc<Mutex<Vec<String>>>,
}

impl Mirror {
    fn serve(files: HashMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let asked_for = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked_for);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let path = requested(&stream);
                respond(stream, files.get(&path).map(Vec::as_slice));
                log.lock().expect("no panic").push(path);
            }
        });
        Self { port, asked_for }
    }

    fn requests(&self) -> usize {
        self.asked_for.lock().expect("no panic").len()
    }

    /// Actors that find nothing installed, and have this mirror.
    fn scene(&self) -> Scene {
        let scene = Scene::new();
        let cache = scene.directory().join("cache");
        scene
            .with("CROW_PG_BIN", "download")
            .with("CROW_PG_CACHE", cache)
            .with("CROW_PG_MIRROR", format!("http://reader:hunter2@127.0.0.1:{}/maven/", self.port))
            .with("NO_PROXY", "127.0.0.1")
    }
}

fn requested(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    lines.find(String::is_empty);
    request.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn respond(mut stream: TcpStream, body: Option<&[u8]>) {
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // A client that has gone away is the test's failure, not the mirror's.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// The files of the repository; `checksum` spoils or keeps the archive's.
fn repository(archive: Vec<u8>, checksum: impl FnOnce(String) -> String) -> HashMap<String, Vec<u8>> {
    let system = if cfg!(target_os = "macos") { "darwin" } else { env::consts::OS };
    let processor = if cfg!(target_arch = "aarch64") { "arm64v8" } else { "amd64" };
    let artifact = format!("embedded-postgres-binaries-{system}-{processor}");
    let base = format!("/maven/io/zonky/test/postgres/{artifact}");
    let metadata = format!(
        "<metadata><groupId>io.zonky.test.postgres</groupId><artifactId>{artifact}</artifactId><versioning>\
         <latest>17.1.0</latest><release>17.1.0</release><versions><version>17.1.0</version></versions>\
         <lastUpdated>20250101000000</lastUpdated></versioning></metadata>"
    );
    let digest = Sha512::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
    let jar = format!("{base}/17.1.0/{artifact}-17.1.0.jar");
    HashMap::from([
        (format!("{base}/maven-metadata.xml"), metadata.into_bytes()),
        (format!("{jar}.sha512"), checksum(digest).into_bytes()),
        (jar, archive),
    ])
}

/// The programs that the other tests use, packed as the artifact is: a tar in xz in a zip.
fn packed() -> Vec<u8> {
    let mut tar = tar::Builder::new(XzEncoder::new(Vec::new(), 0));
    tar.follow_symlinks(false);
    let programs = programs();
    for program in ["initdb", "pg_ctl", "postgres"] {
        tar.append_path_with_name(programs.join(program), format!("bin/{program}")).expect("a program");
    }
    // What is found by its place beside the programs; the rest, of a distribution's package, by absolute paths.
    for beside in ["lib", "share"] {
        let directory = programs.with_file_name(beside);
        if directory.is_dir() {
            tar.append_dir_all(beside, directory).expect("a directory");
        }
    }
    let tar = tar.into_inner().and_then(XzEncoder::finish).expect("a tar");
    let mut jar = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    jar.start_file("postgres.txz", stored).expect("an entry");
    jar.write_all(&tar).expect("its bytes");
    jar.finish().expect("a zip").into_inner()
}

fn programs() -> PathBuf {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let sql = "SELECT setting FROM pg_config() WHERE name = 'BINDIR'";
    run(&server.superuser_url("postgres"), sql).expect("an answer").into()
}

#[test]
fn processes_that_race_for_the_programs_get_them_from_the_mirror_once() {
    let mirror = Mirror::serve(repository(packed(), |checksum| checksum));
    let scene = mirror.scene();
    let mut actors = [scene.actor(), scene.actor()];
    actors.iter_mut().for_each(|actor| actor.tell("shared"));
    let answers = actors.each_mut().map(|actor| actor.answer().expect("a server"));
    assert_eq!(answers[0], answers[1]);
    let used = actors[0].sql("SELECT setting FROM pg_config() WHERE name = 'BINDIR'");
    assert_eq!(Path::new(&used), scene.directory().join("cache/17.1.0/bin"));
    assert_eq!(mirror.requests(), 3, "the list of releases, the checksum, the archive");

    drop(actors);
    assert!(eventually(|| scene.remains().is_empty()));
    scene.actor().shared();
    assert_eq!(mirror.requests(), 3, "the cache serves the second start");
}

#[test]
fn an_archive_that_is_not_what_its_checksum_says_is_refused() {
    let mirror = Mirror::serve(repository(b"not what was published".into(), |checksum| {
        checksum.chars().rev().collect()
    }));
    let scene = mirror.scene();
    let error = scene.actor().ask("shared").unwrap_err();
    assert!(error.contains("does not match") || error.contains("hash"), "{error}");
    assert!(!scene.directory().join("cache/17.1.0").exists());
}

#[test]
fn a_mirror_without_the_artifact_is_an_error_that_says_what_was_searched() {
    let mirror = Mirror::serve(HashMap::new());
    let error = mirror.scene().actor().ask("shared").unwrap_err();
    for part in ["Searched:", "404", "127.0.0.1", "CROW_PG_MIRROR", "CROW_PG_BIN"] {
        assert!(error.contains(part), "{part} is missing: {error}");
    }
    assert!(!error.contains("hunter2"), "{error}");
}
