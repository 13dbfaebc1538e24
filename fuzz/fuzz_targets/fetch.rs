//! The answer of a channel's server: its head, its body in any portions, and a playlist in it that is rewritten.
#![no_main]

use bytes::Bytes;
use lareira::ground::text;
use lareira::wire::fetch::{Url, read_answer};
use lareira::wire::playlist::relay::relay;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((portion, bytes)) = data.split_first() else { return };
    let base = Url::parse("http://channels.example/live/index.m3u8").expect("an address");
    let Ok(Some((answer, length))) = read_answer(bytes) else { return };
    if let Some(Ok(url)) = answer.redirect().map(|location| base.join(location)) {
        assert_eq!(Url::parse(&url.to_string()).as_ref(), Ok(&url), "an address is read as it is written");
    }
    let (mut body, mut content) = (answer.body.clone(), Vec::new());
    for piece in bytes[length..].chunks(usize::from(*portion) + 1) {
        let mut received = Bytes::copy_from_slice(piece);
        while let Ok(Some(piece)) = body.take(&mut received) {
            assert!(!piece.is_empty(), "a piece of nothing");
            content.extend_from_slice(&piece);
        }
    }
    assert!(content.len() <= bytes.len());
    if let Ok(playlist) = relay(&text::of(&content), |address, _| match base.join(address) {
        Ok(url) => format!("ours-{}", url.target().len()),
        Err(_) => "ours".to_owned(),
    }) {
        for line in playlist.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.starts_with("ours"), "{line}");
        }
    }
});
