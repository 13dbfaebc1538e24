//! Phone numbers as address books have them, read into E.164: with spaces, brackets and dashes, with the prefix for calls
//! abroad or without any, in the digits of several scripts. Pure.

use crate::share::model::calling_codes::CODES;

/// Digits of a whole number: of a short one, and at most (ITU-T E.164, 6.2.1).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// What is dialled before a number inside a country, where it is not 0. In Italy the 0 is a part of the number.
const TRUNKS: [(&str, &str); 4] = [("+1", "1"), ("+7", "8"), ("+36", "06"), ("+39", "")];
/// What is dialled before a number abroad in North America; elsewhere it is 00.
const AMERICAN_EXIT: &str = "011";

/// What a number may mean in E.164, the likeliest first; `country` is the calling code of whoever wrote it down. Empty
/// where it is no number, or a national one and the country is not known.
pub fn meanings(text: &str, country: Option<&str>) -> Vec<String> {
    let Some((digits, has_plus)) = read(text) else { return Vec::new() };
    let exit = if country == Some("+1") { AMERICAN_EXIT } else { "00" };
    let abroad = if has_plus { Some(digits.as_str()) } else { digits.strip_prefix(exit) };
    let whole =
        |digits: String| (DIGITS.contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"));
    if let Some(digits) = abroad.or_else(|| digits.strip_prefix("00")) {
        return whole(digits.to_owned()).into_iter().collect();
    }
    let Some(code) = country.and_then(|country| country.strip_prefix('+')) else { return Vec::new() };
    let trunk = TRUNKS.iter().find(|(known, _)| Some(*known) == country).map_or("0", |(_, trunk)| trunk);
    let national = digits.strip_prefix(trunk).unwrap_or(&digits);
    // Some write the whole number and leave the plus out.
    let bare = digits.starts_with(code).then(|| digits.clone());
    let mut meanings: Vec<String> =
        [Some(format!("{code}{national}")), bare].into_iter().flatten().filter_map(whole).collect();
    meanings.dedup();
    meanings
}

/// The calling code that a number in E.164 begins with.
pub fn calling_code(number: &str) -> Option<&'static str> {
    // No code begins with another one, but for those that share +1 and +7.
    CODES.iter().map(|(_, code)| *code).filter(|code| number.starts_with(code)).max_by_key(|code| code.len())
}

/// The calling code of a region (ISO 3166-1 alpha-2, as in `pt-PT`), in either case.
pub fn of_region(region: &str) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(region)).map(|(_, code)| *code)
}

/// The digits, and whether a plus stands before them. What comes after the number itself is left out.
fn read(text: &str) -> Option<(String, bool)> {
    let text = text.trim();
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text,
    };
    // Extensions and pauses (RFC 3966, section 5.1.1, and what phones write).
    let text = text.split([';', ',', 'x', 'X', 'p', 'w', '#']).next().unwrap_or_default();
    let (mut digits, mut has_plus) = (String::new(), false);
    // A 0 in brackets is for those who call from inside the country.
    for c in text.replace("(0)", "").chars() {
        match c {
            '+' | '\u{ff0b}' if digits.is_empty() && !has_plus => has_plus = true,
            '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {}
            c if c.is_whitespace() => {}
            c => digits.push(digit(c)?),
        }
        if digits.len() > 2 * DIGITS.end() {
            return None;
        }
    }
    (!digits.is_empty()).then_some((digits, has_plus))
}

/// A decimal digit in the scripts that phones write numbers in.
fn digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        _ => return None,
    };
    char::from_digit(c as u32 - zero as u32, 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (country, text) in [
            ("+351", "+351 912 345 678"),
            ("+351", "00351912345678"),
            ("+351", "912345678"),
            ("+351", "912 345 678"),
            ("+351", "(912) 345-678"),
            ("+351", "912.345.678"),
            ("+351", "351912345678"),
            ("+351", "\u{202a}+351\u{a0}912\u{2011}345\u{2011}678\u{202c}"),
            ("+351", "tel:+351-912-345-678;ext=12"),
            ("+351", "912345678,,44#"),
            ("+351", "+٣٥١ ٩١٢٣٤٥٦٧٨"),
            ("+351", "＋３５１９１２３４５６７８"),
            ("+34", "+351 912345678"),
            ("+1", "011 351 912 345 678"),
        ] {
            assert!(meanings(text, Some(country)).contains(&"+351912345678".to_owned()), "{country} {text}");
        }
        for (country, text, meant) in [
            ("+44", "020 7946 0000", "+442079460000"),
            ("+44", "+44 (0)20 7946 0000", "+442079460000"),
            ("+44", "0044 (0) 20 7946 0000", "+442079460000"),
            ("+49", "030/123456", "+4930123456"),
            ("+39", "06 1234 5678", "+390612345678"),
            ("+1", "1 (212) 555-0100", "+12125550100"),
            ("+1", "212-555-0100 x12", "+12125550100"),
            ("+7", "8 (912) 345-67-89", "+79123456789"),
            ("+36", "06 20 123 4567", "+36201234567"),
        ] {
            assert_eq!(meanings(text, Some(country)).first().map(String::as_str), Some(meant), "{country} {text}");
        }
    }

    #[test]
    fn numbers_and_regions_have_their_codes() {
        for (number, region, code) in [
            ("+351912345678", "PT", "+351"),
            ("+34612345678", "es", "+34"),
            ("+12125550100", "US", "+1"),
            ("+5511987654321", "BR", "+55"),
            ("+79123456789", "RU", "+7"),
            ("+447946000000", "GB", "+44"),
            ("+238991234567", "CV", "+238"),
        ] {
            assert_eq!((calling_code(number), of_region(region)), (Some(code), Some(code)), "{number} {region}");
        }
        assert_eq!(
            (calling_code("+999123456"), calling_code(""), of_region("XX"), of_region("")),
            (None, None, None, None)
        );
        // As +1 and +7, codes are parts of no other code, so that the longest is the only one.
        for (_, code) in CODES {
            let inside = CODES.iter().filter(|(_, other)| *other != code && other.starts_with(code)).count();
            assert_eq!(inside, 0, "{code}");
        }
    }

    #[test]
    fn what_is_no_number_means_nothing() {
        for text in ["", "+", "Ana", "12", "+0351912345678", "*123#", "912 345 abc", "++351912345678", "3519+12345678"]
        {
            assert_eq!(meanings(text, Some("+351")), Vec::<String>::new(), "{text}");
        }
        assert_eq!(meanings("912345678", None), Vec::<String>::new(), "nobody knows the country");
        assert_eq!(meanings("+351912345678", None), ["+351912345678"]);
        assert_eq!(meanings(&"1".repeat(100_000), Some("+351")), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn meanings_are_e164(text in "\\PC{0,40}|[0-9+() -]{0,25}", country in "\\+[1-9][0-9]{0,2}") {
            for meaning in meanings(&text, Some(&country)) {
                let digits = meaning.strip_prefix('+').expect("a plus");
                prop_assert!(DIGITS.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()));
                prop_assert!(!digits.starts_with('0'));
            }
        }
    }
}
