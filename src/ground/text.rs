//! Text that was written elsewhere, in an encoding nobody told: UTF-8 where it is that, Windows-1252 where it isn't.

/// What the bytes 0x80 to 0x9f are in Windows-1252; elsewhere it is Latin-1. What is none there is left out.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', //
    '\0', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Adds what `bytes` say to `text` and tells how many of them were used: all of them, but for a character that was
/// only begun, where more is to come.
pub fn add(text: &mut String, mut bytes: &[u8], more_to_come: bool) -> usize {
    let all = bytes.len();
    loop {
        match std::str::from_utf8(bytes) {
            Ok(rest) => {
                text.push_str(rest);
                return all;
            }
            Err(error) => {
                let (good, bad) = bytes.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(good));
                if error.error_len().is_none() && more_to_come {
                    return all - bad.len();
                }
                text.extend(bad.first().copied().map(of_windows_1252).filter(|c| *c != '\0'));
                bytes = &bad[1..];
            }
        }
    }
}

fn of_windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// What `bytes` say, whole.
pub fn of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    add(&mut text, bytes, false);
    text
}

/// One line for people: no control characters, no space at its ends, `chars` characters at most.
pub fn line(text: &str, chars: usize) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_encodings_are_read() {
        assert_eq!(of("Notícias €".as_bytes()), "Notícias €");
        assert_eq!(of(b"Not\xedcias \x80 \x81!"), "Notícias € !");
        assert_eq!(line(" a\tb\u{0}c ", 2), "ab");
    }

    proptest! {
        #[test]
        fn text_in_pieces_is_the_same_text(text in "\\PC{0,40}", cut in 0_usize..160) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let mut read = String::new();
            let used = add(&mut read, &bytes[..cut], true);
            add(&mut read, &bytes[used..], false);
            prop_assert_eq!(read, text);
        }

        #[test]
        fn any_bytes_are_text(bytes: Vec<u8>) {
            prop_assert!(of(&bytes).len() <= bytes.len() * 3);
        }
    }
}
