//! A list of TV channels: any bytes in any portions give the same items, each within its limits.
#![no_main]

use lareira::ground::limits;
use lareira::wire::m3u::{Item, Reader};
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8], portion: usize) -> Vec<Item> {
    let (mut reader, mut items) = (Reader::default(), Vec::new());
    for piece in bytes.chunks(portion) {
        reader.push(piece, &mut |item| items.push(item));
    }
    reader.finish(&mut |item| items.push(item));
    items
}

fuzz_target!(|data: &[u8]| {
    let Some((portion, bytes)) = data.split_first() else { return };
    let items = read(bytes, usize::from(*portion) + 1);
    assert_eq!(read(bytes, usize::MAX), items, "portions make a difference");
    for item in items {
        if let Item::Entry(entry) = item {
            for text in [&entry.name, &entry.group, &entry.guide_id, &entry.guide_name] {
                assert!(text.chars().count() <= limits::CHANNEL_NAME_CHARS && !text.contains(char::is_control));
            }
            assert!(!entry.address.is_empty() || entry.line > 0);
        }
    }
});
