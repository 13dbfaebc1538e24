//! The store against what can happen to it: the same stories as in memory, the plug pulled, a full disk, other versions.

use std::sync::Arc;

use proptest::prelude::*;
use redb::Database;
use redb::backends::InMemoryBackend;

use crate::share::memory::MemoryBooks;
use crate::share::story;
use crate::store::Store;

fn in_memory() -> Store {
    let open = || Database::builder().create_with_backend(InMemoryBackend::new());
    Store::open_by("memory".as_ref(), Box::new(open)).expect("memory opens")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_story_ends_as_it_does_in_memory(story in story::stories()) {
        let simple = story::tell(Arc::new(MemoryBooks::default()), &story);
        let real = story::tell(Arc::new(in_memory()), &story);
        prop_assert_eq!(simple, real);
    }
}
