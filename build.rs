//! Builds what the program carries inside: the pages under `web/`.

fn main() {}
