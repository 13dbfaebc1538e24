//! The channels and the guides that hold now, and what is known of where they came from. In memory; locks are held for
//! a moment only.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ground::time::UnixMs;
use crate::iptv::catalogue::Catalogue;
use crate::iptv::guide::Guide;
use crate::iptv::source::Source;

/// What holds now.
#[derive(Clone, Default)]
pub struct Held {
    /// The channels.
    pub catalogue: Arc<Catalogue>,
    /// What is on.
    pub guide: Arc<Guide>,
    /// Of the list.
    pub list_origin: Origin,
    /// Of each guide, in the order in which they count.
    pub guide_origins: Vec<GuideOrigin>,
}

/// Where something came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file or address. It may have a password in it: it is for the owner.
    pub source: Source,
    /// When it was last had from there.
    pub fetched_at: Option<UnixMs>,
    /// What is wrong with it; for people.
    pub problem: Option<String>,
}

/// Where a guide came from, and what is held of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuideOrigin {
    /// Where it came from.
    pub origin: Origin,
    /// Programmes that are held.
    pub programmes: usize,
    /// Channels and programmes that can't be used.
    pub skipped_total: u64,
    /// The first of them.
    pub skipped: Vec<String>,
}

/// Skipped lines and programmes that are named in the log; the owner's page and command line name more.
const NAMED: usize = 5;

/// What holds now, shared.
#[derive(Default)]
pub(super) struct Lineup(Mutex<Held>);

impl Lineup {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What holds now.
    pub fn held(&self) -> Held {
        self.lock().clone()
    }

    /// New channels, unless they are the same.
    pub fn set_catalogue(&self, catalogue: Catalogue) {
        let same = *self.held().catalogue == catalogue;
        if !same {
            log::info!("iptv: {} channels, {} skipped", catalogue.channels().len(), catalogue.skipped_total);
            for skipped in catalogue.skipped.iter().take(NAMED) {
                log::info!("iptv: line {} of the list: {}", skipped.line, skipped.why);
            }
            self.lock().catalogue = Arc::new(catalogue);
        }
    }

    /// A new guide, unless it is the same.
    pub fn set_guide(&self, guide: Guide) {
        let same = *self.held().guide == guide;
        if !same {
            log::info!("iptv: {} programmes", guide.count());
            self.lock().guide = Arc::new(guide);
        }
    }

    /// How the list was had.
    pub fn report_list(&self, source: &Source, fetched_at: Option<UnixMs>, problem: Option<String>) {
        let mut held = self.lock();
        let origin = Origin { source: source.clone(), fetched_at, problem };
        tell("list", &origin, Some(&held.list_origin));
        held.list_origin = origin;
    }

    /// How the guides were had.
    pub fn report_guides(&self, guides: Vec<GuideOrigin>) {
        let mut held = self.lock();
        for guide in &guides {
            let source = &guide.origin.source;
            let before = held.guide_origins.iter().find(|before| before.origin.source == *source);
            tell("guide", &guide.origin, before.map(|before| &before.origin));
            if before.is_none_or(|before| before.skipped_total != guide.skipped_total) && guide.skipped_total > 0 {
                let source = source.shown();
                log::info!("iptv: guide {source}: {} skipped", guide.skipped_total);
                for skipped in guide.skipped.iter().take(NAMED) {
                    log::info!("iptv: guide {source}: {skipped}");
                }
            }
        }
        held.guide_origins = guides;
    }
}

/// Says what is wrong, once.
fn tell(what: &str, origin: &Origin, before: Option<&Origin>) {
    if let Some(problem) = &origin.problem
        && before.is_none_or(|before| before.problem.as_ref() != Some(problem))
    {
        log::warn!("iptv: {what} {}: {problem}", origin.source.shown());
    }
}
