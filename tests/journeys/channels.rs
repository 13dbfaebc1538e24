//! TV channels: lists and guides of all kinds, played through the gateway by ffmpeg, and what may not be reached.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clip::SMALL;
use crate::gateway::{Gateway, Household, PATIENCE, text};
use crate::program::{self, command};
use crate::upstream::{Answer, Asked, Upstream, endless_ts, file, live_hls, write};
use crate::web::{self, call};

/// Waits until `found` gives something.
#[track_caller]
pub fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "no {what} in {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Settings with that list, and loopback ports that may be reached.
pub fn settings(list: &str, allowed: &[u16]) -> String {
    let allowed: Vec<_> = allowed.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    format!("[channels]\nlist = {list:?}\nallow = {allowed:?}\n")
}

/// The channels that a TV is told, once there are any.
#[track_caller]
pub fn channels(household: &mut Household) -> Vec<Value> {
    wait_for("channels", || {
        let answer = household.tv.0.get("/tv/api/channels");
        answer["channels"].as_array().filter(|channels| !channels.is_empty()).cloned()
    })
}

/// The address at which a channel plays.
pub fn hls_url(gateway: &Gateway, channel: &Value) -> String {
    format!("{}{}", gateway.base(), text(&channel["play"], "hls_url"))
}

/// Fails unless ffmpeg decodes some seconds of `url` without a word.
#[track_caller]
pub fn decodes(url: &str, seconds: &str) {
    let decode = ["-nostdin", "-v", "warning", "-xerror", "-t", seconds, "-i", url, "-f", "null", "-"];
    let said = program::run(command("ffmpeg", decode), 2 * PATIENCE).ok();
    assert_eq!(said.stderr, "", "ffmpeg of {url}");
}

#[test]
fn an_hls_channel_is_passed_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut coding = live_hls(&SMALL, folder.path());
    let served = folder.path().to_owned();
    let upstream = Upstream::start(move |asked| match asked.path.as_str() {
        "/moved/master.m3u8" => Answer::redirect("/live/master.m3u8"),
        _ => file(&served, asked),
    });
    let list = format!(
        "#EXTM3U\n#EXTINF:-1 tvg-chno=\"7\" group-title=\"News\",Seven\n{}\n",
        upstream.url("/moved/master.m3u8")
    );
    let list = write(folder.path(), "tv.m3u", list);
    let gateway = Gateway::start_with(&settings(list.to_str().expect("text"), &[upstream.port()]));
    let mut household = gateway.household();
    let channel = &channels(&mut household)[0];
    assert_eq!((&channel["number"], &channel["name"], &channel["group"]), (&7.into(), &"Seven".into(), &"News".into()));
    assert_eq!((&channel["now"], &channel["logo_url"]), (&Value::Null, &Value::Null));
    wait_for("segments", || {
        fs::read_to_string(folder.path().join("index.m3u8")).ok().filter(|list| list.matches("#EXTINF").count() > 3)
    });
    let url = hls_url(&gateway, channel);
    decodes(&url, "4");

    // Everything is asked from the gateway, by names that can't be made up.
    let master = call("GET", &url, &[], &[]).expect(200).text();
    let variant = master.lines().find(|line| !line.starts_with('#')).expect("a variant");
    assert!(!master.contains("http") && !master.contains("index.m3u8"), "{master}");
    let base = url.strip_suffix("index.m3u8").expect("an address of a playlist");
    let media = call("GET", &format!("{base}{variant}"), &[], &[]).expect(200).text();
    let segment = media.lines().rfind(|line| !line.starts_with('#')).expect("a segment");
    let whole = call("GET", &format!("{base}{segment}"), &[], &[]).expect(200);
    assert_eq!(whole.field("content-type"), Some("video/mp2t"));
    assert_eq!(whole.field("content-length"), Some(whole.body.len().to_string().as_str()));
    let part = call("GET", &format!("{base}{segment}"), &[("Range", "bytes=188-375")], &[]).expect(206);
    assert_eq!(part.body, whole.body[188..376]);
    assert_eq!(part.field("content-range"), Some(format!("bytes 188-375/{}", whole.body.len()).as_str()));
    let mut forged = segment.to_owned();
    forged.replace_range(3..4, if &segment[3..4] == "A" { "B" } else { "A" });
    for (name, status) in [(forged.as_str(), 403), ("AAAA.ts", 403), ("AAAA.m3u8", 403), ("segment-0.ts", 404)] {
        call("GET", &format!("{base}{name}"), &[], &[]).expect(status);
    }
    let as_playlist = segment.replace(".ts", ".m3u8");
    call("GET", &format!("{base}{as_playlist}"), &[], &[]).expect(403);
    assert!(coding.runs());

    // A TV that is removed watches no longer; nor does a wrong ticket.
    let tv = text(&household.tv.0.get("/tv/api/device"), "tv_id");
    let other = url.replacen("/channel/", "/channel/0", 1);
    assert!(matches!(call("GET", &other, &[], &[]).status, 403 | 404));
    gateway.admin(&["tv", "remove", &tv]);
    wait_for("end of the right", || (call("GET", &url, &[], &[]).status == 403).then_some(()));
    call("GET", &format!("{base}{segment}"), &[], &[]).expect(403);
}

#[test]
fn a_transport_stream_is_received_once_for_all() {
    let folder = tempfile::tempdir().expect("a folder");
    SMALL.file();
    let upstream = Upstream::start(|asked| match asked.path.as_str() {
        "/one" => endless_ts(&SMALL),
        "/page" => Answer::Endless(Box::new(|stream| {
            loop {
                std::io::Write::write_all(stream, &[b'<'; 10_000])?;
            }
        })),
        _ => Answer::not_found(),
    });
    let list = ["/one", "/page", "/gone"].map(|path| format!("#EXTINF:-1,{path}\n{}\n", upstream.url(path))).concat();
    let list = write(folder.path(), "tv.m3u", list);
    let gateway = Gateway::start_with(&settings(list.to_str().expect("text"), &[upstream.port()]));
    let mut household = gateway.household();
    let channels = channels(&mut household);
    let url = hls_url(&gateway, &channels[0]);
    let head = call("HEAD", &url, &[], &[]).expect(200);
    assert_eq!((head.field("content-type"), upstream.asked("/one")), (Some("application/vnd.apple.mpegurl"), 0));
    let other = url.clone();
    let second = std::thread::spawn(move || decodes(&other, "7"));
    decodes(&url, "7");
    second.join().expect("the second viewer sees it, too");
    assert_eq!(upstream.asked("/one"), 1, "one connection for both");
    let playlist = call("GET", &url, &[], &[]).expect(200).text();
    let number = |playlist: &str, name: &str| -> u64 {
        let line = playlist.lines().find_map(|line| line.strip_prefix(name)).expect("it is said");
        line.parse().expect("a number")
    };
    let newest = playlist.lines().last().expect("a segment");
    let segment = call("GET", &url.replace("index.m3u8", newest), &[], &[]).expect(200);
    assert_eq!(segment.body.len() % 188, 0);
    assert_eq!(segment.field("content-type"), Some("video/mp2t"));

    let page = call("GET", &hls_url(&gateway, &channels[1]), &[], &[]).expect(502).text();
    assert!(page.contains("no transport stream"), "{page}");
    let gone = call("GET", &hls_url(&gateway, &channels[2]), &[], &[]).expect(502).text();
    assert!(gone.contains("status 404"), "{gone}");
    wait_for("end of the reception", || (upstream.open() == 0).then_some(()));
    decodes(&url, "1");
    assert_eq!(upstream.asked("/one"), 2, "and it can be watched again");
    // A player that was here before sees its numbers go on, and that what comes doesn't follow on what it has.
    let again = call("GET", &url, &[], &[]).expect(200).text();
    assert!(
        number(&again, "#EXT-X-MEDIA-SEQUENCE:") > number(&playlist, "#EXT-X-MEDIA-SEQUENCE:"),
        "{playlist}{again}"
    );
    let [before, after] = [&playlist, &again].map(|playlist| number(playlist, "#EXT-X-DISCONTINUITY-SEQUENCE:"));
    assert!((before + 1..1000).contains(&after), "players keep a table of them: {before}, {after}");
}

#[test]
fn a_stream_that_breaks_off_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let clip = folder.path().join("clip.ts");
    let mut ffmpeg = command("ffmpeg", ["-nostdin", "-v", "error", "-i"]);
    ffmpeg.arg(SMALL.file()).args(["-c", "copy", "-f", "mpegts"]).arg(&clip);
    program::run(ffmpeg, PATIENCE).ok();
    let bytes = fs::read(&clip).expect("the clip");
    // Each time it is asked it gives the same six seconds, as fast as they are taken, and ends.
    let upstream = Upstream::start(move |_| Answer::ok(bytes.clone()));
    let list = write(folder.path(), "tv.m3u", upstream.url("/short"));
    let gateway = Gateway::start_with(&settings(list.to_str().expect("text"), &[upstream.port()]));
    let mut household = gateway.household();
    let url = hls_url(&gateway, &channels(&mut household)[0]);
    wait_for("a mark where it breaks off", || {
        let playlist = call("GET", &url, &[], &[]).expect(200).text();
        playlist.contains("#EXT-X-DISCONTINUITY\n").then_some(())
    });
    let decode = ["-nostdin", "-v", "fatal", "-t", "8", "-i", &url, "-f", "null", "-"];
    program::run(command("ffmpeg", decode), PATIENCE).ok();
}

#[test]
fn what_is_not_public_is_not_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = Upstream::start(|_| Answer::ok("#EXTM3U\n#EXTINF:1,\nsecret.ts\n"));
    let place = secret.port();
    let door = Upstream::start(move |asked| match asked.path.as_str() {
        "/to-loopback.m3u8" => Answer::redirect(&format!("http://127.0.0.1:{place}/x.m3u8")),
        "/to-metadata.m3u8" => Answer::redirect("http://169.254.169.254/latest/x.m3u8"),
        "/to-file.m3u8" => Answer::redirect("file:///etc/passwd"),
        "/for-ever.m3u8" => Answer::redirect("/for-ever.m3u8"),
        "/inside.m3u8" => Answer::ok(format!("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{place}/secret.ts\n")),
        _ => Answer::not_found(),
    });
    let addresses = [
        format!("http://127.0.0.1:{place}/x.m3u8"),
        format!("http://127.0.0.1:{place}/stream"),
        format!("http://[::1]:{place}/x.m3u8"),
        format!("http://[::ffff:127.0.0.1]:{place}/x.m3u8"),
        format!("http://0.0.0.0:{place}/x.m3u8"),
        format!("http://localhost:{place}/x.m3u8"),
        "http://169.254.169.254/latest/meta-data.m3u8".to_owned(),
        "http://192.168.0.1/admin.m3u8".to_owned(),
        door.url("/to-loopback.m3u8"),
        door.url("/to-metadata.m3u8"),
        door.url("/to-file.m3u8"),
        door.url("/for-ever.m3u8"),
        door.url("/inside.m3u8"),
    ];
    let list: String = addresses
        .iter()
        .map(|address| format!("#EXTINF:-1 tvg-logo=\"{}\",C\n{address}\n", secret.url("/logo.png")))
        .collect();
    let list = write(folder.path(), "tv.m3u", list);
    let gateway = Gateway::start_with(&settings(list.to_str().expect("text"), &[door.port()]));
    let mut household = gateway.household();
    let channels = channels(&mut household);
    assert_eq!(channels.len(), addresses.len());
    for (address, channel) in addresses.iter().zip(&channels).take(12) {
        let answer = call("GET", &hls_url(&gateway, channel), &[], &[]);
        assert!(matches!(answer.status, 403 | 502), "{address}: {} {}", answer.status, answer.text());
        let error = answer.json()["error"]["message"].as_str().expect("a message").to_owned();
        let follows = ["may not be reached", "leads"];
        assert!(follows.iter().any(|word| error.contains(word)), "{address}: {error}");
    }
    let inside = hls_url(&gateway, &channels[12]);
    let playlist = call("GET", &inside, &[], &[]).expect(200).text();
    let segment = playlist.lines().last().expect("a segment");
    call("GET", &inside.replace("index.m3u8", segment), &[], &[]).expect(403);
    let logo = format!("{}{}", gateway.base(), text(&channels[0], "logo_url"));
    call("GET", &logo, &[], &[]).expect(404);
    assert_eq!(
        secret.asked("/x.m3u8") + secret.asked("/stream") + secret.asked("/secret.ts") + secret.asked("/logo.png"),
        0
    );
}

#[test]
fn its_own_doors_are_never_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    // The gateway's port is known only once it runs: the list comes after.
    let list = write(folder.path(), "tv.m3u", "http://a.invalid/1.m3u8\n");
    let mut gateway = Gateway::start_with(&format!(
        "[channels]\nlist = {:?}\nallow = [\"127.0.0.0/8\"]\n",
        list.to_str().expect("text")
    ));
    let mut household = gateway.household();
    let own = format!("http://127.0.0.1:{}/metrics", gateway.http_port);
    write(folder.path(), "tv.m3u", format!("{own}\n{own}.m3u8\nhttp://127.0.0.1:{}/x\n", gateway.rtsp_port));
    let report = gateway.admin(&["channel", "refresh"]);
    assert_eq!(report["total"], 3, "{report}");
    for channel in channels(&mut household) {
        let answer = call("GET", &hls_url(&gateway, &channel), &[], &[]);
        assert!(answer.text().contains("may not be reached"), "{}", answer.text());
    }
    gateway.stop();
}

/// A picture of one pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

#[test]
fn a_list_of_fifty_thousand_channels() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut list = String::from("#EXTM3U\n");
    for i in 1..=50_100 {
        list += &format!(
            "#EXTINF:-1 tvg-id=\"ch{i}.example\" tvg-name=\"Channel {i}\" tvg-logo=\"http://logos.example/{i}.png\" \
             group-title=\"Group {}\",Channel {i} HD\nhttp://tv.example:8080/live/user/password/{i}.ts\n",
            i % 100
        );
    }
    let list = write(folder.path(), "tv.m3u", list);
    let gateway = Gateway::start_with(&settings(list.to_str().expect("text"), &[]));
    let mut household = gateway.household();
    assert_eq!(channels(&mut household).len(), 5000, "a page");
    let page = household.tv.0.get("/tv/api/channels?offset=49990");
    assert_eq!((page["total"].as_u64(), page["channels"].as_array().map(Vec::len)), (Some(50_000), Some(10)));
    let report = gateway.admin(&["channel", "list"]);
    assert!(text(&report["list"], "problem").contains("more than 50000 channels"), "{}", report["list"]);
    let started = Instant::now();
    household.tv.0.get("/tv/api/channels?offset=20000");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let peak_kib = gateway.peak_memory_kib();
    println!("peak memory with 50,000 channels: {} MiB", peak_kib / 1024);
    assert!(peak_kib < 200 * 1024, "{peak_kib} KiB");
}

#[test]
fn lists_that_are_no_lists() {
    let upstream = Upstream::start(|asked: &Asked| match asked.path.as_str() {
        // An entry that never ends, then entries without end.
        "/endless.m3u" => Answer::Endless(Box::new(|stream| {
            use std::io::Write as _;
            stream.write_all(b"#EXTM3U\n#EXTINF:-1,First\nhttp://a.example/1\n")?;
            loop {
                stream.write_all(&[b"#".as_slice(), &[b'x'; 999], b"\n"].concat().repeat(100))?;
            }
        })),
        "/page.m3u" => Answer::ok("<!DOCTYPE html><html>Please sign in</html>"),
        "/utf16.m3u" => {
            Answer::ok("\u{feff}#EXTM3U\nhttp://a/\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        }
        "/latin1.m3u" => Answer::ok(
            &b"#EXTM3U\n#EXTINF:-1 group-title=\"Not\xedcias\",Televis\xe3o\nhttp://a.example/1\nudp://@239.0.0.1:1\n"
                [..],
        ),
        _ => Answer::not_found(),
    });
    for (path, total, problem, skipped) in [
        ("/endless.m3u", 1, "longer than 32 MiB", 0),
        ("/page.m3u", 0, "web page", 1),
        ("/utf16.m3u", 0, "UTF-16", 1),
        ("/latin1.m3u", 1, "", 1),
        ("/nothing.m3u", 0, "status 404", 0),
    ] {
        let gateway = Gateway::start_with(&settings(&upstream.url(path), &[upstream.port()]));
        let report = gateway.admin(&["channel", "refresh"]);
        assert_eq!((&report["total"], &report["skipped_total"]), (&total.into(), &skipped.into()), "{path}: {report}");
        let said = report["list"]["problem"].as_str().unwrap_or_default();
        assert!(said.contains(problem) && said.is_empty() == problem.is_empty(), "{path}: {said}");
        if path == "/latin1.m3u" {
            assert_eq!(report["channels"][0]["name"], "Televisão");
            assert!(text(&report["skipped"][0], "reason").contains("udp"), "{report}");
        }
    }
}

/// A date as guides write it, so many minutes from now, in a zone so many hours ahead.
fn guide_date(minutes: i64, zone_hours: i64) -> String {
    let offset = minutes * 60 + zone_hours * 3600;
    let date =
        program::run(command("date", ["-u", &format!("--date=@{}", now_s() + offset), "+%Y%m%d%H%M%S"]), PATIENCE);
    format!("{} {zone_hours:+03}00", date.ok().stdout.trim())
}

fn now_s() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs() as i64
}

fn gzip(text: &str, folder: &Path) -> Vec<u8> {
    let path = write(folder, "guide.xml", text);
    let _ = fs::remove_file(folder.join("guide.xml.gz"));
    program::run(command("gzip", [path]), PATIENCE).ok();
    fs::read(folder.join("guide.xml.gz")).expect("packed")
}

#[test]
fn the_guide_is_told_kept_and_told_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let programme = |from, to, zone, title: &str| {
        format!(
            "<programme channel=\"one.example\" start=\"{}\" stop=\"{}\"><title>{title}</title></programme>",
            guide_date(from, zone),
            guide_date(to, zone)
        )
    };
    // Nine and a half hours ahead of half the world: midnight lies somewhere between.
    let guide = format!(
        "<tv>{}{}{}</tv>",
        programme(-600, -300, 0, "Long ago"),
        programme(-300, 400, 12, "Now &amp; here"),
        programme(400, 500, -11, "Next")
    );
    let guide = gzip(&guide, folder.path());
    let upstream = Upstream::start(move |asked| {
        match asked.path.as_str() {
        "/tv.m3u" if asked.head.contains("If-None-Match: \"v1\"") => Answer::Whole(304, Vec::new(), Vec::new()),
        "/tv.m3u" => Answer::Whole(
            200,
            vec!["ETag: \"v1\"".to_owned()],
            b"#EXTM3U url-tvg=\"guide.xml.gz\"\n#EXTINF:-1 tvg-id=\"one.example\" tvg-logo=\"logo.png\",One\nhttp://a.example/1.ts\n\
              #EXTINF:-1 tvg-logo=\"/logo.png\",Two\nhttp://a.example/2.ts\n".to_vec(),
        ),
        "/guide.xml.gz" => Answer::ok(guide.clone()),
        "/logo.png" => Answer::ok(PIXEL),
        _ => Answer::not_found(),
    }
    });
    let mut gateway = Gateway::start_with(&settings(&upstream.url("/tv.m3u"), &[upstream.port()]));
    let mut household = gateway.household();
    let one = wait_for("guide", || {
        let one = channels(&mut household).remove(0);
        (!one["now"].is_null()).then_some(one)
    });
    assert_eq!((&one["now"]["title"], &one["next"]["title"]), (&"Now & here".into(), &"Next".into()));
    assert_eq!(one["now"]["ends_at"], one["next"]["starts_at"]);
    assert!(text(&one["now"], "starts_at").ends_with("Z"));

    let report = gateway.admin(&["channel", "refresh"]);
    assert_eq!((&report["list"]["problem"], &report["guides"][0]["problem"]), (&Value::Null, &Value::Null), "{report}");
    assert!(upstream.last("/tv.m3u").expect("asked").head.contains("If-None-Match: \"v1\""));

    // After a restart without a network everything is still there.
    let logo = text(&one, "logo_url");
    call("GET", &format!("{}{logo}", gateway.base()), &[], &[]).expect(404);
    gateway.stop();
    drop(upstream);
    gateway.serve();
    let after = wait_for("guide", || {
        let one = channels(&mut household).remove(0);
        (!one["now"].is_null()).then_some(one)
    });
    assert_eq!(after, one);
    let report = gateway.admin(&["channel", "refresh"]);
    assert!(text(&report["list"], "problem").contains("can't be reached"), "{report}");
    assert_eq!(report["total"], 2, "what was there before stays");
}

#[test]
fn tvs_are_told_when_channels_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = folder.path().join("logo.png");
    fs::write(&served, PIXEL).expect("written");
    let pictures = folder.path().to_owned();
    let upstream = Upstream::start(move |asked| file(&pictures, asked));
    let line =
        |n: u32| format!("#EXTINF:-1 tvg-logo=\"{}\",C{n}\nhttp://a.example/{n}.ts\n", upstream.url("/logo.png"));
    let list = write(folder.path(), "tv.m3u", line(1));
    let gateway = Gateway::start_with(&settings(list.to_str().expect("text"), &[upstream.port()]));
    let mut household = gateway.household();
    let before = channels(&mut household);
    let mut events = household.tv.events();
    write(folder.path(), "tv.m3u", [line(2), line(1)].concat());
    gateway.admin(&["channel", "refresh"]);
    events.wait_for("channel", |data| *data == serde_json::json!({}));
    let after = channels(&mut household);
    assert_eq!((after.len(), &after[1]["channel_id"]), (2, &before[0]["channel_id"]), "ids stay");

    let logo = call("GET", &format!("{}{}", gateway.base(), text(&after[0], "logo_url")), &[], &[]).expect(200);
    assert_eq!((logo.field("content-type"), logo.body.as_slice()), (Some("image/png"), PIXEL));
    fs::write(&served, "<svg onload='alert(1)'/>").expect("written");
    call("GET", &format!("{}{}", gateway.base(), text(&after[0], "logo_url")), &[], &[]).expect(404);
    // Only a TV of a household is told anything.
    let mut stranger = web::Caller::new(&gateway.base());
    assert_eq!(stranger.call("GET", "/tv/api/channels", None).status, 401);
    stranger.get("/tv/api/device");
    assert_eq!(stranger.call("GET", "/tv/api/channels", None).status, 403);
}

/// The dates of a captured guide, moved by so many seconds: what was on when it was made is on now. It is in Latin-1.
fn moved(guide: &[u8], by_s: i64) -> Vec<u8> {
    let guide: String = guide.iter().map(|byte| char::from(*byte)).collect();
    let mut out = String::new();
    let mut rest = guide.as_str();
    while let Some(at) =
        rest.find("start=\"").map(|at| at + 7).into_iter().chain(rest.find("stop=\"").map(|at| at + 6)).min()
    {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = rest.find(|c: char| !c.is_ascii_digit()).expect("a date ends");
        let part = |from: usize, to: usize| rest[..length].get(from..to).unwrap_or("00");
        let written = format!(
            "{}-{}-{} {}:{}:{} UTC {by_s:+} seconds",
            part(0, 4),
            part(4, 6),
            part(6, 8),
            part(8, 10),
            part(10, 12),
            part(12, 14)
        );
        let date = program::run(command("date", ["-u", &format!("--date={written}"), "+%Y%m%d%H%M%S"]), PATIENCE).ok();
        out.push_str(&date.stdout.trim()[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect()
}

#[test]
fn every_kind_of_channel_plays_with_what_is_on() {
    let folder = tempfile::tempdir().expect("a folder");
    // Its key is asked for as well.
    let mut ffmpeg = command("ffmpeg", ["-nostdin", "-v", "error", "-i"]);
    ffmpeg.arg(SMALL.file()).args([
        "-c",
        "copy",
        "-f",
        "hls",
        "-hls_time",
        "2",
        "-hls_list_size",
        "0",
        "-hls_enc",
        "1",
    ]);
    // The key is written to where ffmpeg works.
    ffmpeg.args(["-hls_enc_key", "0123456789abcdef", "-hls_enc_key_url", "stream.key", "hls.m3u8"]);
    ffmpeg.current_dir(folder.path());
    program::run(ffmpeg, PATIENCE).ok();
    assert!(folder.path().join("stream.key").exists(), "the key lies beside the pictures");
    // What the channels' own server leads to asks who is there, too, and for the cookie that was set on the way.
    let pictures = folder.path().to_owned();
    let well_said = |asked: &Asked| {
        asked.head.contains("\r\nUser-Agent: IE\r\n") && asked.head.contains("\r\nReferer: http://x/\r\n")
    };
    let elsewhere =
        Upstream::start(move |asked| match well_said(asked) && asked.head.contains("\r\nCookie: t=42\r\n") {
            true => file(&pictures, asked),
            false => Answer::Whole(403, Vec::new(), Vec::new()),
        });
    // The moment at which the captured guides were made.
    let by_s = now_s() - 1_795_817_961;
    let first = moved(include_bytes!("../captures/iptv/guide1.xml"), by_s);
    let packed = write(folder.path(), "packed.gz", include_bytes!("../captures/iptv/guide2.xml.gz"));
    let second = program::run(command("gzip", ["-dc".as_ref(), packed.as_os_str()]), PATIENCE).ok().stdout;
    let second = gzip(std::str::from_utf8(&moved(second.as_bytes(), by_s)).expect("text"), folder.path());
    let (pictures, moved_to) = (folder.path().to_owned(), elsewhere.url("/hls.m3u8"));
    let upstream = Upstream::start(move |asked| match asked.path.as_str() {
        path if path.starts_with("/ua/") && !well_said(asked) => Answer::Whole(403, Vec::new(), Vec::new()),
        "/guide1.xml" => Answer::ok(first.clone()),
        "/guide2.xml.gz" => Answer::ok(second.clone()),
        "/ua/moved.m3u8" => {
            let fields = vec![format!("Location: {moved_to}"), "Set-Cookie: t=42; Path=/; HttpOnly".to_owned()];
            Answer::Whole(302, fields, Vec::new())
        }
        "/ua/endless" => endless_ts(&SMALL),
        _ => file(&pictures, asked),
    });
    let list = include_str!("../captures/iptv/tv.m3u").replace("http://127.0.0.1:19981/", &upstream.url("/"));
    let list = list.replace("/hls.m3u8|", "/two/hls.m3u8|");
    let bar = "|User-Agent=IE&Referer=http%3A%2F%2Fx%2F";
    let list = format!(
        "{list}\n#EXTINF:-1 tvg-id=\"ONE.pt\",Elsewhere\n{}{bar}\n#EXTINF:-1 tvg-id='one.pt',Endless\n{}{bar}\n",
        upstream.url("/ua/moved.m3u8"),
        upstream.url("/ua/endless")
    );
    let list = write(folder.path(), "tv.m3u", list);
    let gateway = Gateway::start_with(&settings(list.to_str().expect("text"), &[upstream.port(), elsewhere.port()]));
    let mut household = gateway.household();
    let report = gateway.admin(&["channel", "refresh"]);
    for guide in report["guides"].as_array().expect("two guides") {
        assert_eq!((&guide["problem"], &guide["skipped_total"]), (&Value::Null, &0.into()), "{guide}");
    }
    let channels = channels(&mut household);
    let title = |channel: &Value, when: &str| channel[when]["title"].as_str().unwrap_or("-").to_owned();
    let shown: Vec<_> = channels.iter().map(|one| (text(one, "name"), title(one, "now"), title(one, "next"))).collect();
    let expected = [
        ("Um, o primeiro", "UTC now", "Coração & pão"),
        ("Two", "Zone now", "-"),
        ("Three (2nd guide)", "From the second guide", "-"),
        ("Bst", "BST now", "-"),
        ("Cet", "CET now", "-"),
        ("Nostop", "No stop now", "Later"),
        ("Dup", "Long", "-"),
        ("Nome Depois", "By name, channel later", "-"),
        ("Sec", "12 digits no zone", "-"),
        ("RTP 1 (user agent)", "-", "-"),
        ("One +2h", "-", "UTC now"),
        ("Kodiprop before", "UTC now", "Coração & pão"),
        ("Space name", "UTC now", "Coração & pão"),
        ("Elsewhere", "UTC now", "Coração & pão"),
        ("Endless", "UTC now", "Coração & pão"),
    ];
    assert_eq!(shown, expected.map(|(name, now, next)| (name.to_owned(), now.to_owned(), next.to_owned())));
    for channel in &channels {
        decodes(&hls_url(&gateway, channel), "2");
    }
    let head = |path: &str| upstream.last(path).unwrap_or_else(|| panic!("{path} was asked for")).head;
    assert!(
        head("/two/hls.m3u8").contains("\r\nUser-Agent: Foo\r\nAccept")
            && head("/two/hls.m3u8").contains("Referer: x\r\n")
    );
    assert!(head("/ua/stream.key").contains("\r\nUser-Agent: IE\r\n"), "keys too");
    // Nobody else is told a channel's own.
    for path in ["/guide1.xml", "/guide2.xml.gz", "/hls.m3u8", "/hls0.ts"] {
        let head = head(path);
        assert!(
            head.contains("\r\nUser-Agent: Lareira/") && !head.contains("Referer") && !head.contains("Cookie"),
            "{head}"
        );
    }
}
