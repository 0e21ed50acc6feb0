//! The shared server begins with the first process that needs it and ends with the last.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::actor::Actor;
use crate::scene::{Scene, eventually, is_alive};

fn keeper(directory: &Path) -> i32 {
    let pid = fs::read_to_string(directory.join("keeper")).expect("the keeper's mark");
    pid.trim().parse().expect("a pid")
}

#[test]
fn a_second_process_joins_the_server_of_the_first() {
    let scene = Scene::new();
    let (mut first, mut second) = (scene.actor(), scene.actor());
    assert_eq!(first.shared(), second.shared());
    assert_eq!(first.shared(), second.shared(), "asking again changes nothing");
}

#[test]
fn processes_that_race_for_a_cold_server_get_one() {
    let scene = Scene::new();
    let mut actors: Vec<_> = (0..3).map(|_| scene.actor()).collect();
    actors.iter_mut().for_each(|actor| actor.tell("shared"));
    let answers: Vec<_> = actors.iter_mut().map(|actor| actor.answer().expect("a server")).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[test]
fn the_server_outlives_the_thread_that_started_it() {
    let scene = Scene::new();
    let mut actor = scene.actor();
    actor.ask("shared-on-a-thread").expect("a server");
    assert_eq!(actor.sql("SELECT 1"), "1");
}

#[test]
fn kill_9_of_the_last_process_leaves_no_server_and_no_directory() {
    let scene = Scene::new();
    let mut actor = scene.actor();
    let server = actor.shared();
    assert!(is_alive(server.pid) && !scene.remains().is_empty());
    actor.kill();
    assert!(eventually(|| !is_alive(server.pid)), "the server still runs");
    assert!(eventually(|| scene.remains().is_empty()), "still there: {:?}", scene.remains());
}

#[test]
fn kill_9_of_one_process_leaves_the_server_to_the_other() {
    let scene = Scene::new();
    let (mut first, mut second) = (scene.actor(), scene.actor());
    assert_eq!(first.shared(), second.shared());
    first.kill();
    thread::sleep(Duration::from_millis(900));
    assert_eq!(second.sql("SELECT 1"), "1");
}

#[test]
fn a_process_that_comes_during_the_linger_keeps_the_server() {
    let scene = Scene::new().with("CROW_PG_LINGER", "1");
    let mut first = scene.actor();
    let server = first.shared();
    drop(first);
    let mut second = scene.actor();
    assert_eq!(second.shared(), server);
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(second.sql("SELECT 1"), "1");
    let mut third = scene.actor();
    assert_eq!(third.shared(), server, "the server can still be joined");
}

#[test]
fn kill_9_at_any_moment_of_the_start_leaves_nothing_behind() {
    for milliseconds in [10, 60, 200, 400, 600] {
        let scene = Scene::new();
        let mut killed = scene.actor();
        killed.tell("shared");
        thread::sleep(Duration::from_millis(milliseconds));
        killed.kill();
        let mut next = scene.actor();
        next.shared();
        assert_eq!(next.sql("SELECT 1"), "1");
        drop(next);
        // The end of the scene looks for remains.
    }
}

#[test]
fn what_a_crashed_keeper_left_is_reaped_at_the_next_start() {
    let scene = Scene::new();
    let mut first = scene.actor();
    let orphan = first.shared();
    for directory in scene.servers() {
        kill(Pid::from_raw(keeper(&directory)), Signal::SIGKILL).expect("a keeper");
    }
    let left = scene.servers();
    first.kill();
    assert!(is_alive(orphan.pid), "nobody stops the server of a crashed keeper, or this test tests nothing");

    let mut next = scene.actor();
    assert_ne!(next.shared(), orphan);
    assert!(eventually(|| !is_alive(orphan.pid)), "the orphan still runs");
    assert!(left.iter().all(|directory| !directory.exists()), "still there: {left:?}");
}

#[test]
fn all_that_a_server_writes_is_in_its_directory() {
    let scene = Scene::new();
    let mut actor = scene.actor();
    actor.shared();
    // `posix` would leave segments in /dev/shm when the server is killed.
    assert_eq!(actor.sql("SHOW dynamic_shared_memory_type"), "mmap");
    let outside = "SELECT string_agg(name, ' ') FROM pg_settings \
        WHERE name IN ('data_directory', 'unix_socket_directories', 'external_pid_file') \
        AND setting NOT IN ('', '(none)') AND position('/crowtest-' IN setting) = 0";
    assert_eq!(actor.sql(outside), "");
}

#[test]
fn a_keeper_whose_directory_somebody_deleted_ends() {
    let scene = Scene::new();
    let mut actor = scene.actor();
    actor.shared();
    let keepers: Vec<_> = scene.servers().iter().map(|directory| keeper(directory)).collect();
    assert!(!keepers.is_empty());
    scene.remains().iter().for_each(|place| fs::remove_dir_all(place).expect("nobody writes there now"));
    drop(actor);
    assert!(eventually(|| !keepers.iter().any(|keeper| is_alive(*keeper))), "{keepers:?}");
}

#[test]
fn a_ctrl_c_at_the_terminal_of_one_process_does_not_take_the_server_from_another() {
    let scene = Scene::new();
    let mut command = scene.command();
    command.process_group(0);
    let mut interrupted = Actor::start(command);
    let server = interrupted.shared();
    let mut other = scene.actor();
    assert_eq!(other.shared(), server);
    interrupted.signal_group(Signal::SIGINT);
    drop(interrupted);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(other.sql("SELECT 1"), "1");
}

#[test]
fn a_server_that_crashed_is_replaced_for_the_next_process() {
    let scene = Scene::new();
    let mut first = scene.actor();
    let crashed = first.shared();
    kill(Pid::from_raw(crashed.pid), Signal::SIGKILL).expect("a server");
    assert!(eventually(|| !is_alive(crashed.pid)));
    let mut second = scene.actor();
    assert_ne!(second.shared(), crashed);
    assert_eq!(second.sql("SELECT 1"), "1");
}
