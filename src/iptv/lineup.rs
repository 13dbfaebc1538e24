//! The channels and the guide that hold now, and what is known of where they came from. In memory; locks are held for
//! a moment only.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ground::time::UnixMs;
use crate::iptv::catalogue::Catalogue;
use crate::iptv::guide::Guide;

/// What holds now.
#[derive(Clone, Default)]
pub struct Held {
    /// The channels.
    pub catalogue: Arc<Catalogue>,
    /// What is on.
    pub guide: Arc<Guide>,
    /// Of the list.
    pub list_origin: Origin,
    /// Of the guide.
    pub guide_origin: Origin,
}

/// Where something came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file or address; empty if there is none.
    pub source: String,
    /// When it was last had from there.
    pub fetched_at: Option<UnixMs>,
    /// What is wrong with it; for people.
    pub problem: Option<String>,
}

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
            for skipped in &catalogue.skipped {
                log::debug!("iptv: line {} skipped: {}", skipped.line, skipped.why);
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
    pub fn report_list(&self, source: &str, fetched_at: Option<UnixMs>, problem: Option<String>) {
        report(&mut self.lock().list_origin, "list", source, fetched_at, problem);
    }

    /// How the guide was had.
    pub fn report_guide(&self, source: &str, fetched_at: Option<UnixMs>, problem: Option<String>) {
        report(&mut self.lock().guide_origin, "guide", source, fetched_at, problem);
    }
}

fn report(origin: &mut Origin, what: &str, source: &str, fetched_at: Option<UnixMs>, problem: Option<String>) {
    if let Some(problem) = problem.as_ref().filter(|problem| origin.problem.as_ref() != Some(problem)) {
        log::warn!("iptv: {what}: {problem}");
    }
    *origin = Origin { source: source.to_owned(), fetched_at, problem };
}
