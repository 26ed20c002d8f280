use std::io::{self, IsTerminal, Write};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A line for each running case, drawn over and over.
    Drawn,
    /// A line for each running case now and then.
    Plain,
    /// Not at all.
    Off,
}

/// Whether colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Where the environment has nothing against it.
    Auto,
    Always,
    Never,
}

/// What the environment says of the terminal.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    pub(super) is_terminal: bool,
    pub(super) term: Option<String>,
    pub(super) no_color: Option<String>,
}

impl Surroundings {
    /// Those of standard error.
    pub(super) fn read() -> Self {
        let variable = |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        // Elsewhere a console has to be told first that it is to understand sequences.
        let is_terminal = cfg!(unix) && io::stderr().is_terminal();
        Self { is_terminal, term: variable("TERM"), no_color: variable("NO_COLOR") }
    }

    /// How the words of the setting are meant here.
    pub(super) fn manner(&self, setting: &str) -> Manner {
        let can_draw =
            self.is_terminal && self.term.as_deref().is_some_and(|term| !["", "dumb"].contains(&term));
        match setting {
            "off" => Manner::Off,
            "plain" => Manner::Plain,
            _ if can_draw => Manner::Drawn,
            _ => Manner::Plain,
        }
    }

    /// As <https://no-color.org> has it: set to anything but nothing.
    pub(super) fn is_coloured(&self, wanted: Colour) -> bool {
        match wanted {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => self.no_color.as_deref().is_none_or(str::is_empty),
        }
    }
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Where is drawn.
pub(super) trait Surface: Write + Send {
    /// Its size now; `None` where nothing should be drawn.
    fn size(&self) -> Option<Size>;
}

/// Standard error, unbuffered.
pub(super) struct StandardError;

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Surface for StandardError {
    #[cfg(unix)]
    fn size(&self) -> Option<Size> {
        use rustix::{
            process::getpgrp,
            termios::{tcgetpgrp, tcgetwinsize},
        };
        let terminal = rustix::stdio::stderr();
        // A run in the background must not draw into what its shell does. One without a shell has no such group.
        if tcgetpgrp(terminal).is_ok_and(|foreground| foreground != getpgrp()) {
            return None;
        }
        // A terminal that does not know its size says 0.
        let size = tcgetwinsize(terminal).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
        Some(size.map_or(Size { columns: 80, rows: 24 }, |size| Size {
            columns: size.ws_col.into(),
            rows: size.ws_row.into(),
        }))
    }

    #[cfg(not(unix))]
    fn size(&self) -> Option<Size> {
        None
    }
}

/// Whether standard output and standard error are the same file, pipe or terminal.
#[cfg(unix)]
pub(super) fn streams_are_one() -> bool {
    let place = |fd: rustix::fd::BorrowedFd<'_>| rustix::fs::fstat(fd).map(|stat| (stat.st_dev, stat.st_ino));
    matches!((place(rustix::stdio::stdout()), place(rustix::stdio::stderr())), (Ok(out), Ok(err)) if out == err)
}

#[cfg(not(unix))]
pub(super) fn streams_are_one() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_can_be_drawn_on_is() {
        let on = |is_terminal, term: Option<&str>| {
            let here = Surroundings { is_terminal, term: term.map(str::to_owned), no_color: None };
            ["auto", "plain", "off"].map(|setting| here.manner(setting))
        };
        assert_eq!(on(true, Some("xterm-256color")), [Manner::Drawn, Manner::Plain, Manner::Off]);
        for plain in [(true, Some("dumb")), (true, Some("")), (true, None), (false, Some("xterm"))] {
            assert_eq!(on(plain.0, plain.1), [Manner::Plain, Manner::Plain, Manner::Off], "{plain:?}");
        }
    }

    #[test]
    fn colours_can_be_refused() {
        let with = |no_color: Option<&str>, wanted| {
            let no_color = no_color.map(str::to_owned);
            Surroundings { is_terminal: true, term: None, no_color }.is_coloured(wanted)
        };
        assert!(with(None, Colour::Auto) && with(Some(""), Colour::Auto) && with(Some("1"), Colour::Always));
        assert!(!with(Some("1"), Colour::Auto) && !with(None, Colour::Never));
    }
}
