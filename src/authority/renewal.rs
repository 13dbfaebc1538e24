//! From when until when a server certificate holds, for which names, and whether it is time for a new one.
//!
//! Pure: no files, and the date is an argument. What it says stands as a few lines before the certificate in its file
//! (explanatory text, RFC 7468, section 2), so that nobody has to read X.509 to know them.

use crate::ground::time::UnixMs;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// No clock that is right shows a date before this: 2026-01-01.
pub(super) const EARLIEST: UnixMs = UnixMs(1_767_225_600_000);
/// How long a server certificate holds: Apple's devices refuse more than 398 days.
const LIFE_MS: i64 = 397 * DAY_MS;
/// How long before its end it is made anew.
const RENEWED_BEFORE_MS: i64 = 30 * DAY_MS;
/// How long before its making it holds already: phones' clocks are late, too.
const BACKDATED_MS: i64 = 2 * DAY_MS;

/// What a server certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CertificateContents {
    /// Fingerprint of the authority that signed it.
    pub authority: String,
    /// Names and addresses.
    pub names: Vec<String>,
    /// The first moment.
    pub from: UnixMs,
    /// The last moment.
    pub until: UnixMs,
}

impl CertificateContents {
    /// The contents of a certificate that is made at `now`.
    ///
    /// A clock that starts in the past (no battery, no network yet) must not make a certificate that has ended when the
    /// clock is right: [`EARLIEST`] is believed before such a clock, and what is made then is found out to be old by
    /// [`Self::is_due`] when the clock is.
    pub fn new(authority: &str, names: Vec<String>, now: UnixMs) -> Self {
        let from = UnixMs(now.0.max(EARLIEST.0) - BACKDATED_MS);
        Self { authority: authority.to_owned(), names, from, until: UnixMs(from.0 + LIFE_MS) }
    }

    /// Whether a new certificate is needed: this one ends soon or has ended, lacks a name, or is another authority's. A
    /// clock that shows a time before [`EARLIEST`] is wrong, and says nothing of dates; whether one is that shows a time
    /// before the certificate's first moment, [`Early`] finds out.
    pub fn is_due(&self, authority: &str, names: &[String], now: UnixMs) -> bool {
        let ends = now >= EARLIEST && now.0 >= self.until.0 - RENEWED_BEFORE_MS;
        self.authority != authority || names.iter().any(|name| !self.names.contains(name)) || ends
    }

    /// As lines of text.
    pub fn to_text(&self) -> String {
        let Self { authority, names, from, until } = self;
        format!("Authority: {authority}\nNames: {}\nFrom: {}\nUntil: {}\n", names.join(" "), from.0, until.0)
    }

    /// Reads the lines at the beginning of `text`.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(": ");
        Some(Self {
            authority: value("Authority")?.to_owned(),
            names: value("Names")?.split(' ').map(str::to_owned).collect(),
            from: UnixMs(value("From")?.parse().ok()?),
            until: UnixMs(value("Until")?.parse().ok()?),
        })
    }
}

/// How long the clock has shown times before a certificate's first moment.
///
/// A gateway without a clock of its own begins years back and is right a minute later: a good certificate outlives that.
/// One that was made by a clock in the future does not outlive a day.
#[derive(Debug, Default)]
pub(super) struct Early {
    since: Option<UnixMs>,
}

impl Early {
    /// Whether the certificate with these contents begins later than now, and has for a day of this clock.
    pub fn lasts(&mut self, contents: &CertificateContents, now: UnixMs) -> bool {
        if now < EARLIEST || now >= contents.from {
            self.since = None;
            return false;
        }
        // A clock that was set back meanwhile begins the day anew.
        let since = self.since.filter(|since| *since <= now).unwrap_or(now);
        self.since = Some(since);
        now.0 - since.0 >= DAY_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs(EARLIEST.0 + 400 * DAY_MS);

    fn later(days: i64) -> UnixMs {
        UnixMs(NOW.0 + days * DAY_MS)
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn it_is_made_anew_a_month_before_its_end_and_not_before() {
        let known = names(&["localhost", "192.168.1.2"]);
        let contents = CertificateContents::new("a", known.clone(), NOW);
        assert!(contents.until.0 - contents.from.0 <= 397 * DAY_MS, "Apple's rule");
        assert!(!contents.is_due("a", &known, NOW) && !contents.is_due("a", &known, later(364)));
        assert!(contents.is_due("a", &known, later(365)) && contents.is_due("a", &known, later(4000)));
    }

    #[test]
    fn it_is_made_anew_for_new_names_and_a_new_authority() {
        let contents = CertificateContents::new("a", names(&["localhost", "192.168.1.2"]), NOW);
        assert!(!contents.is_due("a", &names(&["localhost"]), NOW), "one name more does no harm");
        assert!(contents.is_due("a", &names(&["localhost", "192.168.1.3"]), NOW));
        assert!(contents.is_due("b", &names(&["localhost"]), NOW));
    }

    #[test]
    fn wrong_clocks_do_no_lasting_harm() {
        let known = names(&["localhost"]);
        let young = CertificateContents::new("a", known.clone(), UnixMs(0));
        assert!(young.until > EARLIEST, "made in 1970, holds when this program was new");
        assert!(!young.is_due("a", &known, UnixMs(1)), "not made again and again");
        assert!(young.is_due("a", &known, NOW), "made anew once the clock is right");
        let good = CertificateContents::new("a", known.clone(), NOW);
        assert!(!good.is_due("a", &known, UnixMs(0)), "a gateway that boots in 1970 keeps a good one");
        assert!(!good.is_due("a", &known, EARLIEST), "nor does one that boots when this program was new");
    }

    #[test]
    fn one_from_the_future_is_made_anew_after_a_day() {
        let future = CertificateContents::new("a", names(&["localhost"]), later(20 * 365));
        let mut early = Early::default();
        let hours = |hours: i64| UnixMs(NOW.0 + hours * 3_600_000);
        assert!(!early.lasts(&future, hours(0)) && !early.lasts(&future, hours(23)));
        assert!(early.lasts(&future, hours(24)), "a clock that stays there is right");
        let mut early = Early::default();
        for (at, why) in [
            (hours(0), "it may be wrong"),
            (UnixMs(0), "this one is"),
            (hours(30), "it may be wrong again"),
            (hours(10), "it was set back"),
            (hours(33), "a day is not over"),
            (later(20 * 365), "it has begun"),
            (hours(40), "it may be wrong again"),
        ] {
            assert!(!early.lasts(&future, at), "{why}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            authority in "[0-9a-f]{64}",
            known in proptest::collection::vec("[a-z0-9.:-]{1,30}", 1..5),
            now in -10_000_000_000_i64..10_000_000_000_000,
        ) {
            let contents = CertificateContents::new(&authority, known, UnixMs(now));
            let text = contents.to_text() + "-----BEGIN CERTIFICATE-----\n";
            prop_assert_eq!(CertificateContents::from_text(&text), Some(contents));
        }

        #[test]
        fn anything_can_be_read(text in "(Authority: )?.*\n?(Names: )?.*\n?.*\n.*") {
            let _ = CertificateContents::from_text(&text);
        }
    }
}
