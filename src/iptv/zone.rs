//! The zone of guides that say none, as the owner writes it: a name of the tz database, an offset, or a rule of POSIX.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::xmltv::Zone;

/// Where systems keep the tz database.
const DATABASE: &str = "/usr/share/zoneinfo";
/// Bytes of a zone's file; more is none.
const FILE_BYTES: u64 = 64 * 1024;

/// A zone, and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideZone {
    written: String,
    zone: Zone,
}

/// A text that is no zone here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownZone(String);

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "{text:?} is no zone that is known here: write it like \"Europe/Lisbon\" (the system needs the package tzdata), \
             \"+01:00\", or \"CET-1CEST,M3.5.0,M10.5.0/3\""
        )
    }
}
impl std::error::Error for UnknownZone {}

impl GuideZone {
    /// What it means.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The zone that `text` says; names are looked for in `database`.
    fn find(text: &str, database: &Path) -> Result<Self, UnknownZone> {
        let zone = rule_of(text, database).and_then(|rule| rule.parse().ok()).or_else(|| text.parse().ok());
        zone.map(|zone| Self { written: text.to_owned(), zone }).ok_or_else(|| UnknownZone(text.to_owned()))
    }
}

/// The rule at the end of a zone's file (RFC 9636, section 3.3): it holds from now on, which is all that guides need.
fn rule_of(name: &str, database: &Path) -> Option<String> {
    let is_name = name.split('/').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    });
    let path = database.join(name);
    let is_file = is_name && fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= FILE_BYTES);
    let bytes = is_file.then(|| fs::read(&path).ok()).flatten()?;
    let body = bytes.strip_prefix(b"TZif")?.strip_suffix(b"\n")?;
    let rule = body.rsplit(|byte| *byte == b'\n').next()?;
    String::from_utf8(rule.to_vec()).ok()
}

impl Default for GuideZone {
    fn default() -> Self {
        Self { written: "UTC".to_owned(), zone: Zone::default() }
    }
}

impl FromStr for GuideZone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        Self::find(text, Path::new(DATABASE))
    }
}

impl Serialize for GuideZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for GuideZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xmltv::date;

    #[test]
    fn zones_are_found_as_they_are_written() {
        let database = tempfile::tempdir().expect("a folder");
        fs::create_dir(database.path().join("Europe")).expect("a folder");
        let file = b"TZif2\0\0\x01\nWET\0and so on\nWET0WEST,M3.5.0/1,M10.5.0\n";
        fs::write(database.path().join("Europe/Lisbon"), file).expect("written");
        fs::write(database.path().join("zone.tab"), "no zone\n").expect("written");
        let noon = |zone: &str| {
            let zone = GuideZone::find(zone, database.path()).map_err(|error| error.to_string())?;
            Ok::<_, String>(date("20260715120000", zone.zone()).expect("a date").to_string())
        };
        for (zone, expected) in [
            ("Europe/Lisbon", "2026-07-15T11:00:00.000Z"),
            ("UTC", "2026-07-15T12:00:00.000Z"),
            ("+0200", "2026-07-15T10:00:00.000Z"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-15T10:00:00.000Z"),
        ] {
            assert_eq!(noon(zone).as_deref(), Ok(expected), "{zone}");
        }
        for zone in [
            "Europe/Atlantis",
            "Europe",
            "zone.tab",
            "../Europe/Lisbon",
            "Europe/../Europe/Lisbon",
            "/etc/hostname",
            "",
        ] {
            assert!(noon(zone).is_err_and(|error| error.contains("tzdata")), "{zone}");
        }
    }
}
