//! Journeys through the whole house: the built program, real publishers and players, and what can befall them.
//!
//! `gateway.rs` starts a gateway with a household in it; `clip.rs` makes what is published and `film.rs` reads what
//! is played. Nothing here asserts speed; everything waits for events, with deadlines far beyond the usual.

mod boxes;
mod clip;
mod film;
mod program;
mod web;

#[test]
fn probe() {
    for b_frames in [0, 2] {
        let clip = clip::Clip { b_frames, ..clip::SMALL };
        let path = clip.file();
        let film = film::decode(&[], path.to_str().unwrap(), std::time::Duration::from_secs(30));
        film.shows_every_picture(0..clip.pictures() as u32);
        film.sounds_for(5.9);
        println!("{:?} {:?}", film.is_in_step(), film.complaints);
    }
}
