//! Whose datagrams are taken (RFC 3550, 8.2; RFC 4961): those of one port and of one source, so that nobody else puts
//! pictures into a stream or says goodbye for it. Both may change when what was there before is silent.

use std::time::Duration;

use crate::ground::time::Moment;

/// Whoever was silent for so long may be followed by another: an encoder that begins anew, a NAT with another port.
const SILENCE: Duration = Duration::from_secs(1);

/// What is known of a packet by where it came from, or by its source number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is from where packets are taken.
    Same,
    /// It is from elsewhere, from where packets are taken from now on.
    Another,
    /// It is a stranger's.
    Foreign,
}

/// The port that packets are taken from.
#[derive(Clone, Copy, Debug)]
pub struct Latch {
    /// What SETUP said.
    named: u16,
    /// From where packets come, and when the last did.
    from: Option<(u16, Moment)>,
}

impl Latch {
    /// For a sender that says it sends from `named`; behind a NAT its packets come from elsewhere.
    pub fn new(named: u16) -> Self {
        Self { named, from: None }
    }

    /// A packet came from `port`. One from the port that was named is taken always, and then from no other; else from the
    /// one that came first, and another when that is silent.
    pub fn hears(&mut self, port: u16, now: Moment) -> Heard {
        let heard = match self.from {
            None => Heard::Same,
            Some((from, _)) if from == port => Heard::Same,
            Some(_) if port == self.named => Heard::Another,
            Some((from, at)) if from != self.named && now.since(at) >= SILENCE => Heard::Another,
            Some(_) => return Heard::Foreign,
        };
        self.from = Some((port, now));
        heard
    }

    /// Whether packets come from the port that was named.
    pub fn is_named(&self) -> bool {
        self.from.is_some_and(|(port, _)| port == self.named)
    }

    /// Where answers go.
    pub fn port(&self) -> u16 {
        self.from.map_or(self.named, |(port, _)| port)
    }
}

/// The source that packets are taken of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source {
    ssrc: Option<u32>,
    heard: Moment,
    /// Whether it said goodbye.
    gone: bool,
}

impl Source {
    /// Its number, once a packet came.
    pub fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// A media packet of `ssrc` came. `is_trusted`: over a way that nobody else can send on.
    pub fn hears(&mut self, ssrc: u32, is_trusted: bool, now: Moment) -> Heard {
        let heard = match self.ssrc {
            Some(known) if known == ssrc => Heard::Same,
            Some(_) if !is_trusted && !self.gone && now.since(self.heard) < SILENCE => return Heard::Foreign,
            Some(_) => Heard::Another,
            None => Heard::Same,
        };
        self.gone &= heard == Heard::Same;
        (self.ssrc, self.heard) = (Some(ssrc), now);
        heard
    }

    /// It says goodbye (RFC 3550, section 6.6).
    pub fn leaves(&mut self) {
        self.gone = true;
    }

    /// Whether it said goodbye.
    pub fn is_gone(&self) -> bool {
        self.gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at_ms(ms: u64) -> Moment {
        Moment(ms * 1000)
    }

    #[test]
    fn the_port_that_was_named_is_kept_to() {
        let mut latch = Latch::new(5000);
        assert_eq!(latch.hears(6000, at_ms(0)), Heard::Same, "nobody else has come");
        assert_eq!(latch.port(), 6000);
        assert_eq!(latch.hears(7000, at_ms(10)), Heard::Foreign);
        assert_eq!(latch.hears(5000, at_ms(20)), Heard::Another);
        assert_eq!(latch.port(), 5000);
        for ms in [30, 60_000] {
            assert_eq!(latch.hears(6000, at_ms(ms)), Heard::Foreign);
        }
        assert_eq!(latch.hears(5000, at_ms(60_001)), Heard::Same);
    }

    #[test]
    fn behind_a_nat_the_first_port_is_kept_to_until_it_is_silent() {
        let mut latch = Latch::new(5000);
        for ms in [0, 500] {
            assert_eq!(latch.hears(6000, at_ms(ms)), Heard::Same);
        }
        assert_eq!(latch.hears(7000, at_ms(1499)), Heard::Foreign);
        assert_eq!(latch.hears(7000, at_ms(1500)), Heard::Another);
        assert_eq!(latch.hears(6000, at_ms(1501)), Heard::Foreign);
    }

    #[test]
    fn a_source_that_said_goodbye_is_followed_at_once() {
        let mut source = Source::default();
        assert_eq!(source.hears(1, false, at_ms(0)), Heard::Same);
        assert_eq!(source.hears(2, false, at_ms(10)), Heard::Foreign);
        source.leaves();
        assert_eq!(source.hears(2, false, at_ms(20)), Heard::Another);
        assert!(!source.is_gone());
        assert_eq!(source.hears(3, true, at_ms(21)), Heard::Another, "nobody else sends there");
    }

    proptest! {
        #[test]
        fn nobody_takes_the_place_of_a_source_that_sends(
            packets in proptest::collection::vec((0..3_u32, 0..1500_u64, 0..20_u8), 0..100),
        ) {
            let mut source = Source::default();
            let (mut now, mut last, mut gone) = (0, None::<(u32, u64)>, false);
            for (ssrc, pause, goodbye) in packets {
                now += pause;
                if goodbye == 0 && last.is_some() {
                    source.leaves();
                    gone = true;
                }
                let heard = source.hears(ssrc, false, at_ms(now));
                let is_free = gone || last.is_none_or(|(of, at)| of == ssrc || now - at >= 1000);
                prop_assert_eq!(heard != Heard::Foreign, is_free);
                if is_free {
                    gone &= last.is_some_and(|(of, _)| of == ssrc);
                    last = Some((ssrc, now));
                }
                prop_assert_eq!(source.ssrc(), last.map(|(of, _)| of));
            }
        }
    }
}
