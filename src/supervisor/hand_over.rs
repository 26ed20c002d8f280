use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::{
    Control,
    containment::{contain, kill_group},
    output::tail_of,
};

/// Between two looks at a command.
const TICK: Duration = Duration::from_millis(20);

/// Kept of the end of what a command says on its standard error.
const SAID_KEPT: usize = 512;

/// Until what an ended command has said is there; a process that escaped may hold it open.
const SAID_GRACE: Duration = Duration::from_millis(500);

/// Why a command did not take what it was handed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandOverError {
    #[error("could not be started: {0}")]
    Start(io::Error),
    #[error("had not ended after {} and was killed", crate::units::show_duration(*.0))]
    Hung(Duration),
    #[error("was killed, since the run was stopped")]
    Stopped,
    #[error("ended with {status}{}", saying(.said))]
    Failed { status: ExitStatus, said: String },
}

fn saying(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(", saying: {said}") }
}

/// Starts `program` with `arguments`, without a shell, hands it `input` on its standard input, and waits for its end:
/// for `patience` at most, and no longer than the run goes on. Then it is killed. It has a process group of its own, and what
/// it leaves running there is killed as well, so that nothing of it disturbs what is measured next.
pub(crate) fn hand_over(
    (program, arguments): (&str, &[String]),
    input: &[u8],
    patience: Duration,
    control: &Control,
) -> Result<(), HandOverError> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(as_file(input).map_err(HandOverError::Start)?)
        // Standard output is for libtest's protocol.
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    contain(&mut command);
    let mut child = command.spawn().map_err(HandOverError::Start)?;
    let said = listen(&mut child);
    let ended = wait(&mut child, patience, control);
    kill_group(child.id());
    let status = match ended {
        Ok(status) => status,
        Err(error) => {
            // Where there are no groups. It has ended if this fails.
            let _ended = child.kill();
            let _reaped = child.wait();
            return Err(error);
        }
    };
    match status.success() {
        true => Ok(()),
        false => {
            Err(HandOverError::Failed { status, said: said.recv_timeout(SAID_GRACE).unwrap_or_default() })
        }
    }
}

/// A file rather than a pipe: a command that does not read it keeps nobody waiting.
fn as_file(input: &[u8]) -> io::Result<std::fs::File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(input)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

fn wait(child: &mut Child, patience: Duration, control: &Control) -> Result<ExitStatus, HandOverError> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(HandOverError::Start)? {
            return Ok(status);
        }
        if control.stop_reason().is_some() {
            return Err(HandOverError::Stopped);
        }
        if began.elapsed() >= patience {
            return Err(HandOverError::Hung(patience));
        }
        thread::sleep(TICK);
    }
}

/// Takes in what a command says on its standard error, however much, and keeps its end, in one line.
fn listen(child: &mut Child) -> mpsc::Receiver<String> {
    let (send, said) = mpsc::channel();
    if let Some(mut pipe) = child.stderr.take() {
        let reader = thread::Builder::new().name("proofload-on-alert".to_owned());
        // Without the thread, the command is heard no more, and its pipe is closed.
        let _unheard = reader.spawn(move || {
            let (mut buffer, mut last) = (vec![0_u8; 4 << 10], Vec::new());
            while let Ok(n @ 1..) = pipe.read(&mut buffer) {
                last.extend_from_slice(&buffer[..n]);
                last.drain(..last.len().saturating_sub(SAID_KEPT));
            }
            let words = tail_of(&last, SAID_KEPT);
            let _nobody_waits = send.send(words.split_whitespace().collect::<Vec<_>>().join(" "));
        });
    }
    said
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn handed(program: &str, arguments: &[&str], patience_ms: u64) -> Result<(), String> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let patience = Duration::from_millis(patience_ms);
        let handed = hand_over((program, &arguments), b"the input\n", patience, &Control::default());
        handed.map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_reads_the_input_and_its_arguments_go_through_no_shell() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("$HOME; a file 'with' *");
        handed("tee", &[file.to_str().unwrap()], 30_000).unwrap();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "the input\n");
    }

    #[test]
    fn what_goes_wrong_is_named() {
        let missing = handed("proofload-is-no-program", &[], 30_000).unwrap_err();
        assert!(missing.starts_with("could not be started: "), "{missing}");
        let failed = handed("ls", &["/proofload/is/no/folder"], 30_000).unwrap_err();
        assert!(
            failed.starts_with("ended with exit status: ") && failed.contains(", saying: ls: "),
            "{failed}"
        );
        assert_eq!(handed("false", &[], 30_000).unwrap_err(), "ended with exit status: 1");
    }

    #[test]
    fn one_that_hangs_is_killed_with_what_it_started() {
        let began = Instant::now();
        // The shell's own child is in the group too, and would hold the pipe open.
        let hung = handed("sh", &["-c", "sleep 600 & echo $! > /dev/null; sleep 600"], 300).unwrap_err();
        assert_eq!(hung, "had not ended after 300 ms and was killed");
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn what_it_leaves_running_is_ended_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}", file.display());
        handed("sh", &["-c", &script], 30_000).unwrap();
        let pid: i32 = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let began = Instant::now();
        let is_gone = || match rustix::process::test_kill_process(pid) {
            Err(_) => true,
            // Whoever adopted it may not have taken note of its end.
            Ok(()) => std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
                .is_ok_and(|stat| stat.contains(") Z ")),
        };
        while !is_gone() {
            assert!(began.elapsed() < Duration::from_secs(30), "it is still there");
            thread::sleep(TICK);
        }
    }

    #[test]
    fn one_that_says_without_end_is_heard_no_further_than_its_end() {
        let failed =
            handed("sh", &["-c", "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 3"], 30_000).unwrap_err();
        assert_eq!(failed, format!("ended with exit status: 3, saying: {}", "x".repeat(SAID_KEPT)));
    }
}
