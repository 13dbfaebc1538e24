//! The mending of a recording after a power cut: any bytes become a recording that can be indexed and opened, or none.
#![no_main]

use lareira::ground::id::ShareId;
use lareira::recording::library::Library;
use lareira::recording::{Folder, repair};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let name = format!("lareira-fuzz-{}", std::process::id());
    let folder = Folder::open(&std::env::temp_dir().join(name)).expect("a folder for the recording");
    let share = ShareId([1; 10]);
    std::fs::write(folder.video(share), data).expect("the recording can be written");
    match repair(&folder, share).expect("the disk works") {
        None => assert!(!folder.video(share).exists(), "what can't be played is deleted"),
        Some(bytes) => {
            let kept = std::fs::read(folder.video(share)).expect("the recording is there");
            assert_eq!(kept.len() as u64, bytes);
            assert_eq!(kept, data[..kept.len()], "only the end is cut off");
            assert_eq!(repair(&folder, share).expect("the disk works"), Some(bytes), "what is mended is whole");
            // A file that looks like ours may still lie about its tracks: an error then, never a panic.
            let _ = Library::new(folder.clone()).duration(share);
        }
    }
    folder.delete(share).expect("the recording can be deleted");
});
