use super::Framing;

/// Digits of a chunk's length: more than any body has, and no overflow.
const MOST_DIGITS: u8 = 15;

/// Bytes of the extensions of a chunk, and of the headers behind the last one, that are looked past.
const MOST_ASIDE: u32 = 64 << 10;

/// A body that is being unframed.
#[derive(Debug)]
pub(in crate::http) enum Body {
    /// So many bytes are to come.
    Length(u64),
    Chunked(Chunks),
    UntilClose,
}

/// Where in a chunked body (RFC 9112, 7.1) the next byte is.
#[derive(Debug)]
pub(in crate::http) struct Chunks {
    at: Place,
    /// The length of the chunk, or what is left of it.
    left: u64,
    digits: u8,
    aside: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Length,
    Extension,
    LengthLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    /// At the beginning of a line behind the last chunk.
    Trailer,
    TrailerLine,
    LastLineFeed,
    End,
}

/// What became of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Progress {
    /// All were used, and there is more to come.
    More,
    /// The body ended with the first so many of them.
    Ended(usize),
}

impl Body {
    /// `None` where there is no body.
    pub(in crate::http) const fn of(framing: Framing) -> Option<Self> {
        match framing {
            Framing::None | Framing::Length(0) => None,
            Framing::Length(length) => Some(Self::Length(length)),
            Framing::Chunked => {
                Some(Self::Chunked(Chunks { at: Place::Length, left: 0, digits: 0, aside: 0 }))
            }
            Framing::UntilClose => Some(Self::UntilClose),
        }
    }

    /// Takes `bytes`, the next that came, and hands on what of them is the body's.
    pub(in crate::http) fn take(
        &mut self,
        bytes: &[u8],
        hand_on: &mut impl FnMut(&[u8]),
    ) -> Result<Progress, &'static str> {
        match self {
            Self::Length(left) => {
                let here = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                hand_on(&bytes[..here]);
                *left -= here as u64;
                Ok(if *left == 0 { Progress::Ended(here) } else { Progress::More })
            }
            Self::Chunked(chunks) => chunks.take(bytes, hand_on),
            Self::UntilClose => {
                hand_on(bytes);
                Ok(Progress::More)
            }
        }
    }

    /// Whether the end of the connection is the end of the body.
    pub(in crate::http) const fn ends_with_connection(&self) -> bool {
        matches!(self, Self::UntilClose)
    }

    /// Bytes that are surely still to come.
    pub(in crate::http) const fn at_least(&self) -> u64 {
        match self {
            Self::Length(left) => *left,
            Self::Chunked(chunks) => chunks.left,
            Self::UntilClose => 0,
        }
    }
}

impl Chunks {
    fn take(&mut self, bytes: &[u8], hand_on: &mut impl FnMut(&[u8])) -> Result<Progress, &'static str> {
        let mut used = 0;
        while used < bytes.len() {
            if self.at == Place::Data {
                let here = (bytes.len() - used).min(usize::try_from(self.left).unwrap_or(usize::MAX));
                hand_on(&bytes[used..used + here]);
                used += here;
                self.left -= here as u64;
                if self.left == 0 {
                    self.at = Place::DataReturn;
                }
                continue;
            }
            self.at = self.step(bytes[used])?;
            used += 1;
            if self.at == Place::End {
                return Ok(Progress::Ended(used));
            }
        }
        Ok(Progress::More)
    }

    /// The place behind `byte`, which is none of the data.
    fn step(&mut self, byte: u8) -> Result<Place, &'static str> {
        match (self.at, byte) {
            (Place::Length, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.digits += 1;
                if self.digits > MOST_DIGITS {
                    return Err("the length of a chunk is too long");
                }
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                self.left = self.left << 4 | digit;
                Ok(Place::Length)
            }
            (Place::Length, b'\r' | b';' | b' ' | b'\t') if self.digits > 0 => {
                Ok(if byte == b'\r' { Place::LengthLineFeed } else { Place::Extension })
            }
            (Place::Length, _) => Err("the length of a chunk is no number"),
            (Place::Extension, b'\r') => Ok(Place::LengthLineFeed),
            (Place::Extension, _) => self.aside(Place::Extension),
            (Place::LengthLineFeed, b'\n') => {
                self.digits = 0;
                Ok(if self.left == 0 { Place::Trailer } else { Place::Data })
            }
            (Place::DataReturn, b'\r') => Ok(Place::DataLineFeed),
            (Place::DataLineFeed, b'\n') => Ok(Place::Length),
            (Place::Trailer, b'\r') => Ok(Place::LastLineFeed),
            (Place::Trailer, _) => self.aside(Place::TrailerLine),
            (Place::TrailerLine, b'\n') => Ok(Place::Trailer),
            (Place::TrailerLine, _) => self.aside(Place::TrailerLine),
            (Place::LastLineFeed, b'\n') => Ok(Place::End),
            (
                Place::LengthLineFeed
                | Place::DataReturn
                | Place::DataLineFeed
                | Place::LastLineFeed
                | Place::Data
                | Place::End,
                _,
            ) => Err("a chunk does not end where it should"),
        }
    }

    /// Looks past a byte, unless there were too many of them.
    fn aside(&mut self, next: Place) -> Result<Place, &'static str> {
        self.aside += 1;
        if self.aside > MOST_ASIDE { Err("what is beside the chunks does not end") } else { Ok(next) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The body in `pieces`, and how many bytes are left over behind it; `None` while it has not ended.
    fn taken(framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, Option<usize>), &'static str> {
        let mut body = Body::of(framing).expect("a body");
        let mut kept = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            if let Progress::Ended(used) = body.take(piece, &mut |bytes| kept.extend_from_slice(bytes))? {
                let behind = pieces[number + 1..].iter().map(|piece| piece.len()).sum::<usize>();
                return Ok((kept, Some(piece.len() - used + behind)));
            }
        }
        Ok((kept, None))
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        let text: &[u8] = b"5;x=\"1\"\r\nhello\r\n00A \r\n, world...\r\n0\r\nA: b\r\nC: d\r\n\r\nnext";
        assert_eq!(taken(Framing::Chunked, &[text]), Ok((b"hello, world...".to_vec(), Some(4))));
        assert_eq!(taken(Framing::Length(5), &[b"hello", b"!"]), Ok((b"hello".to_vec(), Some(1))));
        assert_eq!(taken(Framing::Length(5), &[b"hell"]), Ok((b"hell".to_vec(), None)));
        assert_eq!(taken(Framing::UntilClose, &[b"hell", b"o"]), Ok((b"hello".to_vec(), None)));
        assert_eq!(taken(Framing::Chunked, &[b"0\r\n\r\n"]), Ok((Vec::new(), Some(0))));
        assert!(Body::of(Framing::Length(0)).is_none() && Body::of(Framing::None).is_none());
    }

    #[test]
    fn what_are_no_chunks_is_refused() {
        for text in [
            "x\r\n",
            "\r\n",
            ";\r\n",
            "-1\r\n",
            "5\n",
            "1\r\nab\r\n",
            "1\r\na\n\r",
            "1\rx",
            "0\r\n\r\r",
            "0123456789abcdef\r\n",
        ] {
            assert!(taken(Framing::Chunked, &[text.as_bytes()]).is_err(), "{text:?}");
        }
        let endless = format!("0\r\n{}", "x".repeat(MOST_ASIDE as usize + 1));
        assert!(taken(Framing::Chunked, &[endless.as_bytes()]).is_err());
    }

    proptest! {
        #[test]
        fn chunks_may_be_torn_anywhere(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            cut in 1_usize..30,
        ) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                wire.extend(format!("{:x}\r\n", chunk.len()).bytes());
                wire.extend_from_slice(chunk);
                wire.extend(b"\r\n");
            }
            wire.extend(b"0\r\n\r\n");
            let pieces: Vec<&[u8]> = wire.chunks(cut).collect();
            prop_assert_eq!(taken(Framing::Chunked, &pieces), Ok((chunks.concat(), Some(0))));
        }

        #[test]
        fn nothing_that_comes_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _whatever = taken(Framing::Chunked, &[&bytes]);
        }
    }
}
