//! Descriptors that run out, in a program of its own, one test at a time: the limit is the whole process's.
#![cfg(any(target_os = "linux", target_os = "macos"))]

use std::{
    fs::File,
    io,
    net::{TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
};

use proofload::fault::{FewDescriptors, FewDescriptorsError};
use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};

static TURN: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

fn open() -> io::Result<File> {
    File::open("/dev/null")
}

#[track_caller]
fn is_refused<T>(opened: io::Result<T>) {
    let code = opened.err().and_then(|error| error.raw_os_error());
    assert_eq!(code, Some(Errno::MFILE.raw_os_error()));
}

/// How many files can be opened before it is refused.
fn openable() -> usize {
    let mut files = Vec::new();
    loop {
        match open() {
            Ok(file) => files.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
                return files.len();
            }
        }
    }
}

#[test]
fn so_many_are_left_and_all_come_back() {
    let _alone = alone();
    let before = limit();
    for left in [0, 1, 5, 40] {
        let few = FewDescriptors::left(left).expect("so many are there");
        assert_eq!(openable() as u64, left);
        assert_eq!(openable() as u64, left, "what was closed can be opened again");
        few.heal();
        assert_eq!(limit(), before);
        assert!(open().is_ok());
    }
}

#[test]
fn gaps_among_open_files_are_counted() {
    let _alone = alone();
    let mut files: Vec<File> = (0..20).map(|_| open().expect("a file")).collect();
    // Every other one is closed, below those that stay open.
    files = files.into_iter().enumerate().filter(|(n, _)| n % 2 == 0).map(|(_, file)| file).collect();
    let _few = FewDescriptors::left(3).expect("so many are there");
    assert_eq!(openable(), 3);
    drop(files);
}

#[test]
fn connections_are_descriptors_and_what_is_open_goes_on() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let few = FewDescriptors::left(2).expect("so many are there");
    // One at each end.
    let client = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
    let served = listener.accept().expect("a connection");
    is_refused(TcpStream::connect(listener.local_addr().expect("an address")));
    io::Write::write_all(&mut &client, b"goes on").expect("it is open");
    drop((few, served));
}

#[test]
fn there_is_one_at_a_time_and_a_panic_gives_back() {
    let _alone = alone();
    let before = limit();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _few = FewDescriptors::left(10).expect("so many are there");
        assert!(matches!(FewDescriptors::left(1), Err(FewDescriptorsError::Already)));
        assert_ne!(limit(), before);
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
    assert_eq!(limit(), before);
    drop(FewDescriptors::left(1).expect("the other is gone"));
}

#[test]
fn more_than_there_are_is_an_error() {
    let _alone = alone();
    let before = limit();
    let error = FewDescriptors::left(u64::MAX).expect_err("nobody has so many").to_string();
    assert!(error.contains("the process may open") && error.ends_with("ask for fewer"), "{error}");
    assert_eq!(limit(), before);
}
