//! A TV guide: any bytes give items within their limits, and then an end or an error.
#![no_main]

use lareira::ground::limits;
use lareira::wire::xmltv::{Item, Reader, Zone};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut reader = Reader::new(data, Zone::default());
    while let Ok(Some(item)) = reader.next_item() {
        match item {
            Item::Channel { id, names } => {
                assert!(!id.is_empty() && names.len() <= 8);
                assert!(names.iter().all(|name| name.chars().count() <= limits::CHANNEL_NAME_CHARS));
            }
            Item::Programme { channel, start, stop, title } => {
                assert!(!channel.is_empty() && stop.is_none_or(|stop| stop > start));
                assert!(title.chars().count() <= limits::CHANNEL_NAME_CHARS);
            }
            Item::Bad(fault) => assert!(fault.to_string().chars().count() <= 10 * limits::CHANNEL_NAME_CHARS),
        }
    }
});
