//! How a house that nobody owns is claimed: for a while after the start by the square on the one TV page that is open, else
//! by a code that only whoever sits at the gateway can read. Pure; made anew at every start.

use crate::ground::crypto;
use crate::ground::id::TvId;
use crate::ground::limits;
use crate::ground::time::Moment;

/// Digits of the code that is read at the gateway.
const CODE_DIGITS: usize = 10;

/// How the house can be claimed, as the page of one TV is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimWay {
    /// By the square that this TV shows.
    Square,
    /// More than one page asked, and no screen tells whose house it is: by the gateway's own code, or after a restart.
    Contested,
    /// The time for the square is over: by the gateway's own code, or after a restart.
    Late,
}

impl ClaimWay {
    /// A stable name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Square => "square",
            Self::Contested => "contested",
            Self::Late => "late",
        }
    }
}

/// Who asked to claim the house, and the code that does without a TV.
#[derive(Debug)]
pub struct Claiming {
    since: Moment,
    /// The one TV that asked in time.
    asker: Option<TvId>,
    is_contested: bool,
    code: String,
}

impl Claiming {
    /// Begins at `now`, with a new code.
    pub fn new(now: Moment) -> Self {
        Self { since: now, asker: None, is_contested: false, code: crypto::new_digits(CODE_DIGITS) }
    }

    /// The page of `tv` asks how the house is claimed. The first one has the square until another comes.
    pub fn way(&mut self, tv: TvId, now: Moment) -> ClaimWay {
        if now.since(self.since) >= limits::CLAIM_TIME {
            return if self.is_contested { ClaimWay::Contested } else { ClaimWay::Late };
        }
        self.is_contested |= *self.asker.get_or_insert(tv) != tv;
        if self.is_contested { ClaimWay::Contested } else { ClaimWay::Square }
    }

    /// The code that is read at the gateway.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether `typed` is the gateway's code. Constant time.
    pub fn is_code(&self, typed: &str) -> bool {
        let typed: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).take(CODE_DIGITS + 1).collect();
        crypto::same(typed.as_bytes(), self.code.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const KITCHEN: TvId = TvId([1; 10]);
    const STRANGER: TvId = TvId([2; 10]);

    #[test]
    fn one_tv_shows_the_square_for_a_while() {
        let mut claiming = Claiming::new(Moment(7));
        let almost = Moment(7) + (limits::CLAIM_TIME - Duration::from_secs(1));
        for now in [Moment(7), Moment(9), almost] {
            assert_eq!(claiming.way(KITCHEN, now), ClaimWay::Square);
        }
        let late = Moment(7) + limits::CLAIM_TIME;
        assert_eq!(claiming.way(KITCHEN, late), ClaimWay::Late);
        assert_eq!(claiming.way(STRANGER, late), ClaimWay::Late);
        assert_eq!(Claiming::new(late).way(STRANGER, late), ClaimWay::Square, "a restart begins anew");
    }

    #[test]
    fn where_two_ask_none_shows_it() {
        let mut claiming = Claiming::new(Moment(7));
        assert_eq!(claiming.way(KITCHEN, Moment(8)), ClaimWay::Square);
        for tv in [STRANGER, KITCHEN, STRANGER] {
            assert_eq!(claiming.way(tv, Moment(9)), ClaimWay::Contested);
        }
        let late = Moment(7) + limits::CLAIM_TIME;
        assert_eq!(claiming.way(KITCHEN, late), ClaimWay::Contested);
    }

    #[test]
    fn the_gateways_code_is_known_however_it_is_typed() {
        let claiming = Claiming::new(Moment(0));
        let code = claiming.code().to_owned();
        assert!(claiming.is_code(&code) && claiming.is_code(&format!("{} {}", &code[..5], &code[5..])));
        assert!(!claiming.is_code(&format!("{code}0")) && !claiming.is_code(&code[..9]) && !claiming.is_code(""));
        assert_ne!(Claiming::new(Moment(0)).code(), code);
    }
}
