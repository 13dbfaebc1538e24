//! What people type, made into what is kept: names, titles, phone numbers, e-mail addresses and PINs. Parsed once, here.

use crate::ground::limits;
use crate::share::model::error::ShareError;

/// A name: trimmed, on one line, without characters that nobody sees.
pub fn name(text: &str) -> Result<String, ShareError> {
    let clean = visible(text);
    match clean.chars().count() {
        0 => Err(ShareError::Invalid("the name is empty; give one".into())),
        n if n > limits::NAME_CHARS => {
            Err(ShareError::Invalid(format!("the name is too long; {} characters at most", limits::NAME_CHARS)))
        }
        _ => Ok(clean),
    }
}

/// A title, or none where the text is empty.
pub fn title(text: Option<&str>) -> Result<Option<String>, ShareError> {
    let clean = visible(text.unwrap_or_default());
    match clean.chars().count() {
        0 => Ok(None),
        n if n > limits::TITLE_CHARS => {
            Err(ShareError::Invalid(format!("the title is too long; {} characters at most", limits::TITLE_CHARS)))
        }
        _ => Ok(Some(clean)),
    }
}

/// A phone number in E.164, from any usual international writing; none where the text is empty.
pub fn msisdn(text: Option<&str>) -> Result<Option<String>, ShareError> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}')).collect();
    let digits = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00")).unwrap_or_default();
    if (7..=15).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit()) && !digits.starts_with('0') {
        Ok(Some(format!("+{digits}")))
    } else {
        Err(ShareError::Invalid("the phone number is not international; write it like +351 912 345 678".into()))
    }
}

/// The calling code of a country (ITU-T E.164, 7.3), or none where the text is empty.
pub fn country(text: Option<&str>) -> Result<Option<String>, ShareError> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix('+').or_else(|| text.strip_prefix("00")).unwrap_or(text);
    if (1..=3).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit()) && !digits.starts_with('0') {
        Ok(Some(format!("+{digits}")))
    } else {
        Err(ShareError::Invalid("the country is its calling code; write it like +351".into()))
    }
}

/// An e-mail address, or none where the text is empty.
pub fn email(text: Option<&str>) -> Result<Option<String>, ShareError> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let right = text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | ','))
        && text
            .split_once('@')
            .is_some_and(|(who, place)| !who.is_empty() && !place.is_empty() && !place.contains('@'));
    if right {
        Ok(Some(text.to_owned()))
    } else {
        Err(ShareError::Invalid("the e-mail address is none; write it like ana@example.org".into()))
    }
}

/// Whether a new PIN will do: 4 to 8 digits.
pub fn pin(text: &str) -> Result<&str, ShareError> {
    if (4..=8).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(ShareError::Invalid("a PIN is 4 to 8 digits".into()))
    }
}

/// A language of the pages, or none where the text is empty.
pub fn language(text: Option<String>) -> Result<Option<String>, ShareError> {
    match text.as_deref() {
        None | Some("") => Ok(None),
        Some("en" | "es" | "pt") => Ok(text),
        Some(_) => Err(ShareError::Invalid("the language is not known; en, es and pt are".into())),
    }
}

/// The text on one line, without the characters that nobody sees or that turn the writing around.
fn visible(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| {
        !c.is_control()
            && !matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    });
    // Cut before the words are split: what is longer than any limit need not be looked at.
    let shown: String = shown.take(10 * limits::TITLE_CHARS).collect();
    shown.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_visible_line() {
        assert_eq!(name("  Ana \n Maria ").expect("a name"), "Ana Maria");
        assert_eq!(name("Rui\u{202e}\u{7}").expect("a name"), "Rui");
        assert!(name("\u{200b} \t").is_err());
        assert!(name(&"x".repeat(101)).is_err());
        assert!(name(&"x".repeat(1_000_000)).is_err());
        assert_eq!(title(Some("  ")).expect("none"), None);
    }

    #[test]
    fn numbers_become_e164() {
        for text in ["+351 912 345 678", "00351912345678", "+351 (912) 345-678", "+351.912.345.678"] {
            assert_eq!(msisdn(Some(text)).expect(text).as_deref(), Some("+351912345678"), "{text}");
        }
        for text in ["912345678", "+12", "+0351912345678", "+3519123456789012", "+351x12345678"] {
            assert!(msisdn(Some(text)).is_err(), "{text}");
        }
        assert_eq!(msisdn(Some(" ")).expect("none"), None);
    }

    #[test]
    fn countries_are_calling_codes() {
        for text in ["+351", "351", "00351", " +351 "] {
            assert_eq!(country(Some(text)).expect(text).as_deref(), Some("+351"), "{text}");
        }
        for text in ["Portugal", "+", "+0", "+3511", "PT"] {
            assert!(country(Some(text)).is_err(), "{text}");
        }
        assert_eq!(country(None).expect("none"), None);
    }

    #[test]
    fn addresses_and_pins_have_their_shapes() {
        assert!(email(Some("ana@example.org")).is_ok());
        for text in ["ana", "@x", "a@", "a b@c", "a@b@c", "<a@b>"] {
            assert!(email(Some(text)).is_err(), "{text}");
        }
        assert!(pin("1234").is_ok());
        for text in ["123", "123456789", "12a4", "１２３４"] {
            assert!(pin(text).is_err(), "{text}");
        }
        assert!(language(Some("pt".into())).is_ok());
        assert!(language(Some("xx".into())).is_err());
    }
}
