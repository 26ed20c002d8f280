use super::Line;

/// What stands between an event and its checksum; the checksum is of everything before.
const MARK: &[u8] = b",\"crc32\":\"";

/// What stands after the checksum.
const END: &[u8] = b"\"}";

/// A line for the journal: the JSON of an event with a last key `crc32`, so that a line which a failing disk or a kill
/// in the middle has changed is told from a whole one.
pub(super) fn seal(mut json: String) -> String {
    let closed = json.pop();
    debug_assert_eq!(closed, Some('}'), "an event is a JSON object");
    let sum = crc32fast::hash(json.as_bytes());
    json.push_str(&format!(",\"crc32\":\"{sum:08x}\"}}\n"));
    json
}

/// The event of a line without its line break, unless it is torn or was changed.
pub(super) fn open(line: &[u8]) -> Option<Line> {
    let sealed = line.strip_suffix(END)?;
    let at = sealed.len().checked_sub(MARK.len() + 8)?;
    let (json, seal) = sealed.split_at(at);
    let sum = u32::from_str_radix(std::str::from_utf8(seal.strip_prefix(MARK)?).ok()?, 16).ok()?;
    if crc32fast::hash(json) != sum {
        return None;
    }
    serde_json::from_slice(line).ok()
}

#[cfg(test)]
mod tests {
    use super::{super::Event, *};

    fn line() -> String {
        let event = Event::Note { text: "a \"note\"".to_owned() };
        seal(serde_json::to_string(&Line { t_s: 1.5, event }).unwrap())
    }

    #[test]
    fn a_line_is_json_with_its_checksum_last() {
        assert_eq!(
            line(),
            "{\"t_s\":1.5,\"event\":\"note\",\"text\":\"a \\\"note\\\"\",\"crc32\":\"41cd55fb\"}\n"
        );
    }

    #[test]
    fn what_was_changed_or_torn_is_not_opened() {
        let line = line();
        let line = line.trim_end().as_bytes();
        assert!(open(line).is_some());
        for length in 0..line.len() {
            assert!(open(&line[..length]).is_none(), "{length} bytes of it");
        }
        for place in 0..line.len() - END.len() {
            let mut changed = line.to_vec();
            changed[place] ^= 1;
            assert!(open(&changed).is_none(), "byte {place} of it changed");
        }
    }
}
