//! Groups of pictures as encoders make them, cut anywhere.

use super::*;
use proptest::prelude::*;

use crate::wire::mp4::gather::Gather;

/// A picture: when it is shown, in pictures, and whether it is a key picture.
type Told = (i64, bool);

/// Units of a picture, and of a second.
const PICTURE: i64 = 512;
const SCALE: u32 = 15_360;

/// A track of these pictures in decoding order, each decoded two before its turn.
fn track(told: &[Told], pieces: Vec<Piece>) -> (Part, Pictures) {
    let mut gather = Gather::default();
    for (n, (shown, key)) in (0..).zip(told) {
        let time = n * PICTURE;
        let composition_offset = (shown * PICTURE - time + 2 * PICTURE) as i32;
        let row = Row { time, duration: PICTURE as u32, composition_offset, offset: 0, size: 1, entry: 0, key: *key };
        gather.push(&row).expect("few");
    }
    let mut seen = Pictures::default();
    let part = Part::new((SCALE, pieces, gather.finish()), 1, &mut |row| seen.push(row)).expect("a good track");
    seen.settle_durations();
    (part, seen)
}

/// From this picture on, so many.
fn piece(at: i64, from: i64, count: i64) -> Piece {
    let (at, length) = (Ticks90k(at * 3000), Some(Ticks90k(count * 3000)));
    Piece { at, start: (from + 2) * PICTURE, length, still: false }
}

fn planned(told: &[Told], pieces: Vec<Piece>, cuts: Cuts, liars: &[u32]) -> Result<(Plan, Part, Pictures), Mp4Error> {
    let (part, seen) = track(told, pieces);
    let mut keys = Keys::default();
    loop {
        match seen.plan(&part, cuts, &mut keys, None)? {
            Planned::Done(plan) => return Ok((plan, part, seen)),
            Planned::Keys(wanted) => {
                keys.known.extend(wanted.into_iter().map(|number| (number, !liars.contains(&number))));
            }
        }
    }
}

/// A stretch: its first, its end, and (where it is coded again) what is hidden and shown.
type Taken = (u32, u32, Option<(u32, u32)>);

fn stretches(plan: &Plan) -> Vec<Taken> {
    let told = |stretch: &Stretch| stretch.recoded.map(|recoded| (recoded.hidden, recoded.shown));
    plan.stretches.iter().map(|stretch| (stretch.first, stretch.end, told(stretch))).collect()
}

fn cut(told: &[Told], pieces: Vec<Piece>) -> Vec<Taken> {
    stretches(&planned(told, pieces, Cuts::Recoded, &[]).expect("something is shown").0)
}

/// Groups of ten pictures, each shown in its turn.
fn simple(groups: i64) -> Vec<Told> {
    (0..groups * 10).map(|n| (n, n % 10 == 0)).collect()
}

/// Groups of nine, of which two lean on one that is shown behind them: I P b b P b b P b.
fn with_b(groups: i64) -> Vec<Told> {
    (0..groups * 9).map(|n| (n / 9 * 9 + [0, 3, 1, 2, 6, 4, 5, 8, 7][n as usize % 9], n % 9 == 0)).collect()
}

#[test]
fn what_is_whole_is_taken_as_it_is() {
    for told in [simple(3), with_b(3)] {
        let all = told.len() as u32;
        assert_eq!(cut(&told, vec![Piece { start: 2 * PICTURE, ..Piece::default() }]), [(0, all, None)]);
        assert_eq!(cut(&told, vec![piece(0, 0, all.into())]), [(0, all, None)]);
    }
    assert_eq!(cut(&simple(3), vec![piece(0, 10, 15)]), [(10, 25, None)]);
    assert_eq!(cut(&with_b(3), vec![piece(0, 9, 7)]), [(9, 16, None)], "up to a whole run");
}

#[test]
fn a_group_that_is_cut_is_coded_again_as_far_as_it_is_shown() {
    // From the fourth picture of the first group into the third: three are hidden, seven shown.
    assert_eq!(cut(&simple(3), vec![piece(0, 3, 20)]), [(0, 10, Some((3, 7))), (10, 23, None)]);
    assert_eq!(cut(&simple(3), vec![piece(0, 13, 4)]), [(10, 17, Some((3, 4)))], "within one group");
    // From the second b: it leans on the P behind it and the I before.
    assert_eq!(cut(&with_b(2), vec![piece(0, 2, 16)]), [(0, 9, Some((2, 7))), (9, 18, None)]);
    // Up to the first b of a run whose P is not shown: that b is coded again, from the group's beginning on.
    assert_eq!(cut(&with_b(2), vec![piece(0, 0, 5)]), [(0, 4, None), (0, 6, Some((4, 1)))]);
    assert_eq!(cut(&with_b(2), vec![piece(0, 9, 5)]), [(9, 13, None), (9, 15, Some((4, 1)))]);
}

#[test]
fn what_cannot_be_coded_again_begins_at_a_key_picture() {
    let at_keys = |told: &[Told], pieces| planned(told, pieces, Cuts::AtKeys, &[]);
    let (plan, ..) = at_keys(&simple(3), vec![piece(0, 3, 20)]).expect("there is a whole group");
    assert_eq!((stretches(&plan), plan.is_shortened), (vec![(10, 23, None)], true));
    assert_eq!(plan.times[0], Ticks90k(7 * 3000), "in its own place");
    let (plan, ..) = at_keys(&with_b(2), vec![piece(0, 0, 5)]).expect("a part of a group");
    assert_eq!((stretches(&plan), plan.is_shortened), (vec![(0, 4, None)], true));
    assert_eq!(at_keys(&simple(3), vec![piece(0, 13, 4)]).err(), Some(Mp4Error::Uncut));
    let (plan, ..) = at_keys(&simple(3), vec![piece(0, 10, 20)]).expect("all is whole");
    assert!(!plan.is_shortened);
}

#[test]
fn a_key_picture_that_is_none_is_not_relied_upon() {
    let liars = [10, 20];
    let (plan, ..) = planned(&simple(4), vec![piece(0, 12, 25)], Cuts::Recoded, &liars).expect("good");
    assert_eq!(stretches(&plan), [(0, 30, Some((12, 18))), (30, 37, None)]);
    let (plan, ..) = planned(&simple(2), vec![piece(0, 0, 20)], Cuts::Recoded, &[0]).expect("good");
    assert_eq!(stretches(&plan), [(10, 20, None)], "before the first, nothing can be decoded");
    assert_eq!(
        planned(&simple(1), vec![piece(0, 0, 10)], Cuts::Recoded, &[0]).err(),
        Some(Mp4Error::Broken("no key frame"))
    );
    let many: Vec<u32> = (10..1000).step_by(10).collect();
    let (plan, ..) = planned(&simple(100), vec![piece(0, 3, 990)], Cuts::Recoded, &many).expect("good");
    assert_eq!(stretches(&plan), [(0, 993, Some((3, 990)))], "however many there are");
}

#[test]
fn pieces_follow_each_other_and_may_come_twice() {
    let told = simple(3);
    assert_eq!(cut(&told, vec![piece(0, 10, 5), piece(5, 10, 5)]), [(10, 15, None), (10, 15, None)]);
    assert_eq!(
        cut(&told, vec![piece(0, 25, 5), piece(8, 0, 10)]),
        [(20, 30, Some((5, 5))), (0, 10, None)],
        "in another order, with a pause"
    );
    let (plan, ..) = planned(&told, vec![piece(0, 25, 5), piece(8, 0, 10)], Cuts::Recoded, &[]).expect("good");
    let times: Vec<_> = plan.times.iter().map(|time| time.0 / 3000).collect();
    assert_eq!(times, [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
    assert_eq!((plan.end, plan.turn(4).1), (Ticks90k(18 * 3000), Ticks90k(4 * 3000)), "it stands while nothing comes");
}

#[test]
fn a_picture_that_stands_still_is_one() {
    let still = Piece { still: true, ..piece(10, 13, 30) };
    let (plan, ..) = planned(&simple(2), vec![piece(0, 0, 10), still], Cuts::Recoded, &[]).expect("good");
    assert_eq!(stretches(&plan), [(0, 10, None), (10, 14, Some((3, 1)))]);
    assert_eq!((plan.end, plan.times.len()), (Ticks90k(40 * 3000), 11));
}

#[test]
fn a_piece_that_shows_nothing_is_passed_over() {
    assert_eq!(cut(&simple(2), vec![piece(0, 500, 5), piece(5, 0, 10)]), [(0, 10, None)]);
    assert_eq!(planned(&simple(2), vec![piece(0, 500, 5)], Cuts::Recoded, &[]).err(), Some(Mp4Error::NoVideo));
}

#[test]
fn what_takes_too_long_to_plan_is_refused() {
    let (part, seen) = track(&simple(1), vec![Piece::default(); 3_000_000]);
    let refused = seen.plan(&part, Cuts::Recoded, &mut Keys::default(), None).err();
    assert_eq!(refused, Some(Mp4Error::TooLarge("pieces that it was put together of")));
}

#[test]
fn how_long_a_picture_is_shown_is_told_by_the_next_one_that_is_shown() {
    // I P b b, then a pause of sixty pictures, then the same: the decoder's pause is behind another picture than the film's.
    let told: Vec<Told> = [0, 3, 1, 2, 66, 64, 65, 69, 67, 68].iter().map(|shown| (*shown, *shown == 0)).collect();
    // From the middle of the pause on: what stands still there, and what comes behind.
    let (plan, ..) = planned(&told, vec![piece(0, 30, 60)], Cuts::Recoded, &[]).expect("good");
    assert_eq!(stretches(&plan), [(0, 10, Some((3, 7)))], "the picture that stands, and six");
    let times: Vec<_> = plan.times.iter().map(|time| time.0 / 3000).collect();
    assert_eq!(times, [0, 34, 35, 36, 37, 38, 39]);
    // Behind the pause.
    assert_eq!(cut(&told, vec![piece(0, 65, 60)]), [(0, 10, Some((5, 5)))]);
}

/// Groups of any order of pictures.
fn any_groups() -> impl Strategy<Value = Vec<Told>> {
    let group = (1_usize..12).prop_flat_map(|length| {
        // The key picture first, the others moved by three at most.
        proptest::collection::vec(0_i64..4, length).prop_map(|moved| {
            let mut order: Vec<_> =
                (0..).zip(&moved).map(|(n, moved)| (n + if n == 0 { -1 } else { *moved }, n)).collect();
            order.sort();
            order.into_iter().map(|(_, n)| n).collect::<Vec<i64>>()
        })
    });
    proptest::collection::vec(group, 1..6).prop_map(|groups| {
        let mut told = Vec::new();
        for group in groups {
            let base = told.len() as i64;
            told.extend(group.iter().map(|n| (base + n, *n == 0)));
        }
        told
    })
}

proptest! {
    #[test]
    fn exactly_what_is_in_the_pieces_is_shown(
        told in any_groups(),
        cuts in proptest::collection::vec((0_i64..60, 1_i64..30, 0_i64..3), 1..4),
        at_keys: bool,
    ) {
        let (mut pieces, mut at) = (Vec::new(), 0);
        for (from, count, pause) in &cuts {
            pieces.push(piece(at, *from, *count));
            at += count + pause;
        }
        let how = if at_keys { Cuts::AtKeys } else { Cuts::Recoded };
        let Ok((plan, ..)) = planned(&told, pieces.clone(), how, &[]) else { return Ok(()) };
        let mut shown = Vec::new();
        for stretch in &plan.stretches {
            let rows = &told[stretch.first as usize..stretch.end as usize];
            prop_assert!(rows[0].1, "decoding starts at a key picture");
            let from = stretch.piece.start / PICTURE - 2;
            let until = from + stretch.piece.length.expect("it has one").0 / 3000;
            let mut pts: Vec<_> = rows.iter().map(|(pts, _)| *pts).collect();
            if let Some(Recoded { hidden, shown }) = stretch.recoded {
                prop_assert!(!at_keys);
                pts.sort_unstable();
                pts = pts[hidden as usize..][..shown as usize].to_vec();
            }
            prop_assert!(pts.iter().all(|pts| (from..until).contains(pts)), "nothing from outside");
            shown.extend(pts.iter().map(|pts| stretch.piece.at.0 / 3000 + pts - from));
        }
        let mut wanted = Vec::new();
        for piece in &pieces {
            let (from, count) = (piece.start / PICTURE - 2, piece.length.expect("it has one").0 / 3000);
            let inside = told.iter().filter(|(pts, _)| (from..from + count).contains(pts));
            wanted.extend(inside.map(|(pts, _)| piece.at.0 / 3000 + pts - from));
        }
        shown.sort_unstable();
        wanted.sort_unstable();
        if at_keys {
            prop_assert!(shown.iter().all(|time| wanted.contains(time)));
            prop_assert_eq!(plan.is_shortened, shown != wanted);
        } else {
            prop_assert_eq!(&shown, &wanted);
            prop_assert!(!plan.is_shortened);
        }
        prop_assert_eq!(plan.times.iter().map(|time| time.0 / 3000).collect::<Vec<_>>(), shown);
        prop_assert!(plan.early >= Ticks90k(0) && plan.early <= Ticks90k(16 * 3000));
    }
}
