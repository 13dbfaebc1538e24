//! What the steward promises of PINs that are looked at while others are.

use std::sync::mpsc;
use std::thread;

use super::*;

#[test]
fn pins_wait_in_a_short_queue_and_nothing_else_waits_with_them() {
    let house = house();
    let users = ["1111", "2222", "3333", "4444"]
        .map(|pin| (house.steward.add_user(new_user(house.account, Some(pin))).expect("a user").id, pin));
    let sign_in = |who: usize| house.steward.sign_in(house.tv, users[who].0, Some(users[who].1));
    let tries = |who: usize| house.steward.read(|rows| Ok(rows.pin_tries(users[who].0)?)).expect("an answer");
    let (open, gate) = mpsc::channel::<()>();
    let (begun, is_begun) = mpsc::channel();
    thread::scope(|scope| {
        let steward = &house.steward;
        let held = steward.pins.place(house.ana, 0).expect("free");
        scope.spawn(move || {
            held.work(move || {
                begun.send(()).expect("told");
                gate.recv().expect("opened");
            })
        });
        is_begun.recv().expect("begun");
        // Two wait for the one that is being looked at.
        let waiting = [0, 1].map(|who| scope.spawn(move || sign_in(who)));
        while [0, 1].iter().any(|who| tries(*who).is_none()) {
            thread::yield_now();
        }
        for who in [0, 2, 3] {
            let refused = sign_in(who).expect_err("no place");
            assert_eq!((refused.code(), refused.retry_after().is_some()), ("busy", true));
        }
        assert_eq!(tries(0).expect("counted").tvs[0].1.wrong, 1, "what waits is counted, once");
        assert_eq!((tries(2), tries(3)), (None, None), "what was not looked at is no try");
        // Whatever needs no PIN goes on.
        steward.sign_in(house.tv, house.ana, None).expect("no PIN");
        let share = house.ready_share();
        steward.accept(house.ana, share, None, PlayFrom::Live).expect("no PIN");
        open.send(()).expect("it waits");
        for waiting in waiting {
            waiting.join().expect("done").expect("the right PIN");
        }
    });
    sign_in(2).expect("there is room again");
}

#[test]
fn many_guesses_at_once_are_five_at_most() {
    let house = house();
    let rui = house.steward.add_user(new_user(house.account, Some("1234"))).expect("a user").id;
    let guess = &|| code(house.steward.sign_in(house.tv, rui, Some("0000")));
    let guesses: Vec<&str> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..16).map(|_| scope.spawn(move || (0..8).map(|_| guess()).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("done")).collect()
    });
    assert_eq!(guesses.iter().filter(|code| **code == "wrong_pin").count(), 5);
    assert!(guesses.iter().all(|code| ["wrong_pin", "busy", "pin_locked"].contains(code)), "{guesses:?}");
    assert_eq!(code(house.steward.sign_in(house.tv, rui, Some("1234"))), "pin_locked");
}
