//! Films as phones send them: what is taken, and what no honest phone would write.

use std::os::unix::fs::FileExt as _;

use super::*;

/// Makes a film of which these are the samples, each of them the same picture; the file is a hole but for its
/// description and its first picture.
fn film(folder: &Folder, samples: impl Iterator<Item = IndexedSample> + Clone) -> Result<Film, FilmError> {
    let mut measure = Measure::default();
    samples.clone().for_each(|sample| measure.push(&sample));
    let sound = parse_config(&Bytes::from_static(&[0x11, 0x90])).expect("AAC at 48 kHz");
    let plan = measure.plan(&[&*params()], Some(&sound), 100);
    let file = std::fs::File::create(folder.film(SHARE)).expect("a film");
    plan.write(samples.clone(), |at, piece| file.write_all_at(piece, at)).expect("room");
    let named: u64 = samples.map(|sample| u64::from(sample.size)).sum();
    file.set_len(plan.bytes() + named).expect("a hole");
    file.write_all_at(&[0, 0, 0, 96, 0x65, 0x88], plan.bytes()).expect("room");
    Film::open(&folder.film(SHARE), UnixMs(0), Cuts::Recoded)
}

/// Samples of one track, one after the other.
fn samples(track: u32, count: u64, duration: u32) -> impl Iterator<Item = IndexedSample> + Clone {
    (0..count).map(move |number| IndexedSample {
        track,
        decode_time: number * u64::from(duration),
        composition_offset: 0,
        duration,
        key: track == AUDIO_TRACK || number % 60 == 0 || duration > 90_000,
        offset: 0,
        size: 100,
        init_segment: 0,
    })
}

/// The film's tables say that all its pictures lie at its beginning, and have so many bytes.
fn piled_up(film: &[u8], size: u32) -> Vec<u8> {
    let mut film = film.to_vec();
    let body = |kind: &[u8; 4]| film.windows(4).position(|found| found == kind).expect("it is there") + 8;
    let (sizes, places) = (body(b"stsz") + 4, body(b"stco"));
    for (table, with) in [(sizes, size), (places, 48)] {
        let count = u32::from_be_bytes(film[table..table + 4].try_into().expect("four bytes")) as usize;
        film[table + 4..table + 4 + 4 * count].copy_from_slice(&with.to_be_bytes().repeat(count));
    }
    film
}

#[test]
fn tables_that_name_the_same_bytes_again_and_again_make_no_recording() {
    let (_place, folder) = folder();
    let open = |film: &[u8]| {
        std::fs::write(folder.film(SHARE), film).expect("room");
        Film::open(&folder.film(SHARE), UnixMs(0), Cuts::Recoded).map(drop).map_err(|error| error.to_string())
    };
    let films: [&[u8]; 4] = [
        include_bytes!("../../../tests/captures/mp4/phone.mp4"),
        include_bytes!("../../../tests/captures/mp4/cut.mp4"),
        include_bytes!("../../../tests/captures/mp4/vfr.mov"),
        include_bytes!("../../../tests/captures/mp4/opus.mp4"),
    ];
    for film in films {
        assert_eq!(open(film), Ok(()), "as ffmpeg writes it");
    }
    let phone = films[0];
    let refused = open(&piled_up(phone, 20)).expect_err("the first picture is none any more");
    assert!(refused.contains("no key frame"), "samples may share bytes: {refused}");
    let refused = open(&piled_up(phone, phone.len() as u32 / 60 + 1)).expect_err("more than the file has");
    assert!(refused.contains("again and again"), "{refused}");
}

#[test]
fn a_film_of_six_hours_is_taken_and_one_of_a_month_is_not() {
    let (_place, folder) = folder();
    let long = samples(VIDEO_TRACK, 6 * 3600 * 60, 1500).chain(samples(AUDIO_TRACK, 6 * 3600 * 48_000 / 1024, 1024));
    assert!(film(&folder, long).is_ok());
    let refused = film(&folder, samples(VIDEO_TRACK, 30 * 24 * 1800, 180_000)).err().map(|error| error.to_string());
    assert!(refused.as_ref().is_some_and(|text| text.contains("longer than 24 hours")), "{refused:?}");
    let silence = samples(VIDEO_TRACK, 10, 1500).chain(samples(AUDIO_TRACK, 1000, 48_000 * 100));
    assert!(film(&folder, silence).is_err(), "its sound is as long");
}
