//! A publisher that records: packets become frames, and frames go into the stream.
//!
//! The hot path: one read a wake-up, all packets of it in one write to the stream, and one timer that ticks slowly
//! instead of being set anew with every packet. That a publisher went silent is noticed at a tick.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use async_io::Timer;
use futures_lite::{Stream as _, future};

use super::connection::{Connection, End};
use super::udp::UdpSockets;
use super::unread_ports::UnreadPair;
use crate::ground::frame::Frame;
use crate::ground::limits::{NO_MEDIA, NOT_READY_AFTER};
use crate::ground::time::{Moment, UnixMs};
use crate::live::{Line, Publisher};
use crate::socket::LowWater;
use crate::wire::rtp::Receiver;
use crate::wire::rtsp::{Event, Kind, Route, Step, Track};

/// How often a publisher that records is looked after for what is not urgent.
const TICK: Duration = Duration::from_secs(1);
/// The same where requests may be too small to wake it (see `socket/low_water.rs`): they are answered then.
const SHORT_TICK: Duration = Duration::from_millis(250);
/// How often each track's reception is reported (RFC 3550, section 6.2).
const REPORT_TIME: Duration = Duration::from_secs(5);
/// The largest datagram that is taken whole.
const DATAGRAM_BYTES: usize = 64 * 1024;

/// What it was woken for.
enum Wake {
    /// Bytes on the connection.
    Stream,
    /// Datagrams of a track.
    Datagrams(usize, Kind),
    /// The slow timer.
    Tick,
    /// Packets have waited long enough for an earlier one.
    Late,
}

/// A stream that is being published.
pub(super) struct Receiving {
    publisher: Publisher,
    receiver: Receiver,
    tracks: Vec<Track>,
    /// By track.
    sockets: Vec<Option<UdpSockets>>,
    /// Of media that are left out: kept open as long as they may be sent.
    _unread: Option<Arc<UnreadPair>>,
    datagram: Vec<u8>,
    frames: Vec<Frame>,
    low_water: LowWater,
    tick: Timer,
    ticks_often: bool,
    late: Timer,
    /// When `late` rings.
    late_at: Option<Moment>,
    /// When it began.
    begun: Moment,
    /// Packets so far, and when the last came.
    seen: (u64, Moment),
    reported: Moment,
}

impl Receiving {
    /// `by_medium` has the ports of the tracks that need some, `unread` those of what is left out.
    pub fn new(
        publisher: Publisher,
        receiver: Receiver,
        tracks: Vec<Track>,
        mut by_medium: Vec<Option<UdpSockets>>,
        unread: Option<Arc<UnreadPair>>,
        now: Moment,
    ) -> Self {
        let sockets: Vec<_> = tracks
            .iter()
            .map(|track| match track.route {
                Route::Udp(..) => by_medium.get_mut(track.medium).and_then(Option::take),
                Route::Interleaved(..) => None,
            })
            .collect();
        let datagram = if sockets.iter().any(Option::is_some) { vec![0; DATAGRAM_BYTES] } else { Vec::new() };
        Self {
            publisher,
            receiver,
            tracks,
            sockets,
            _unread: unread,
            datagram,
            frames: Vec::new(),
            low_water: LowWater::default(),
            tick: Timer::interval(TICK),
            ticks_often: false,
            late: Timer::never(),
            late_at: None,
            begun: now,
            seen: (0, now),
            reported: now,
        }
    }

    /// The end of the stream: a clean one where the publisher meant it.
    fn end(self, end: &End) {
        let share = self.publisher.share();
        let counts = self.receiver.counts();
        let meant = match end {
            End::Teardown => true,
            // GStreamer's rtspclientsink says goodbye in RTCP, and closes without TEARDOWN, at once or much later.
            End::Closed | End::Failed(_) | End::Silent | End::Stopped => self.receiver.said_goodbye(),
            _ => false,
        };
        let word = if meant { "ended" } else { "lost" };
        log::info!(
            "share={share} {word}: {end}; packets={} lost={} malformed={} dropped_access_units={}",
            counts.packets,
            counts.lost,
            counts.malformed,
            counts.dropped_access_units
        );
        if meant {
            self.publisher.end();
        }
    }

    fn poll_datagrams(&self, cx: &mut Context<'_>) -> Poll<Wake> {
        for (track, sockets) in self.sockets.iter().enumerate() {
            if let Some(sockets) = sockets
                && let Poll::Ready(kind) = sockets.poll_readable(cx)
            {
                return Poll::Ready(Wake::Datagrams(track, kind));
            }
        }
        Poll::Pending
    }

    fn receive_datagrams(&mut self, track: usize, kind: Kind, now: Moment) {
        let Some(sockets) = &mut self.sockets[track] else { return };
        let (receiver, frames) = (&mut self.receiver, &mut self.frames);
        sockets.receive(kind, &mut self.datagram, now, |packet, from| match kind {
            Kind::Rtp => {
                if from.is_another {
                    receiver.moved(track);
                }
                receiver.rtp(track, packet, now, frames);
            }
            Kind::Rtcp => receiver.rtcp(track, packet, from.is_named, now),
        });
    }

    /// Takes what the end of the connection has overtaken: datagrams that have come, and packets that wait for others.
    fn receive_rest(&mut self, now: Moment, date: UnixMs) {
        for track in 0..self.sockets.len() {
            self.receive_datagrams(track, Kind::Rtp, now);
            self.receive_datagrams(track, Kind::Rtcp, now);
        }
        self.receiver.handle_end(now, &mut self.frames);
        self.tell_line(now);
        self.publisher.write(&mut self.frames, date);
    }

    /// Tells what the line costs: of UDP alone there is something to tell.
    fn tell_line(&self, now: Moment) {
        if self.sockets.iter().any(Option::is_some) {
            let counts = self.receiver.counts();
            self.publisher.tell_line(Line {
                wait_ms: self.receiver.held(now).as_millis() as u64,
                packets_lost: counts.lost,
                pictures_dropped: counts.dropped_access_units,
                is_dropping: self.receiver.is_dropping(),
            });
        }
    }

    /// Ticks as often as there is need to.
    fn watch_requests(&mut self) {
        let often = self.low_water.is_raised();
        if often != self.ticks_often {
            self.ticks_often = often;
            self.tick.set_interval(if often { SHORT_TICK } else { TICK });
        }
    }

    /// Sets the timer for packets that wait for an earlier one: only UDP has those, and only after a loss.
    fn watch_late(&mut self, now: Moment) {
        let at = self.receiver.next_timeout();
        if at != self.late_at {
            self.late_at = at;
            self.late = at.map_or_else(Timer::never, |at| Timer::after(at.since(now)));
        }
    }

    /// Says why nothing can be shown yet, once that has lasted.
    fn watch_readiness(&mut self, now: Moment) {
        if now.since(self.begun) >= NOT_READY_AFTER
            && !self.publisher.is_ready()
            && let Some(why) = self.receiver.not_ready()
        {
            self.publisher.set_not_ready(why);
        }
    }

    /// Notes whether media came. Garbage is none.
    fn watch_media(&mut self, now: Moment) {
        let packets = self.receiver.counts().packets;
        if packets != self.seen.0 {
            self.seen = (packets, now);
        }
    }
}

impl Connection {
    /// Records until that ends, and ends the stream accordingly.
    pub async fn record(&mut self, mut receiving: Receiving) -> End {
        let over = match (self.socket.is_secure(), receiving.datagram.is_empty()) {
            (true, _) => "TLS",
            (false, true) => "TCP",
            (false, false) => "UDP",
        };
        log::info!(
            "share={} published from {} with {} over {over}",
            receiving.publisher.share(),
            self.slot.address,
            if receiving.tracks.len() > 1 { "video and sound" } else { "video" },
        );
        let end = match self.record_until_end(&mut receiving).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        // Whatever a connection fails with once the gateway has shut it down, it was the gateway; but a publisher that stops
        // just then has stopped.
        let stopping = self.shared.stopping.load(Ordering::SeqCst) && !matches!(end, End::Teardown);
        let end = if stopping { End::Stopped } else { end };
        receiving.low_water.end(self.socket.tcp());
        if let (End::Revoked, Some(why)) = (&end, receiving.publisher.not_ready()) {
            self.session.dismiss(&why.to_string());
        }
        // The answer to a TEARDOWN, or why there was nothing to be shown; nobody waits for it.
        let _ = self.send();
        receiving.receive_rest(self.shared.clock.now(), self.shared.clock.date());
        receiving.end(&end);
        end
    }

    async fn record_until_end(&mut self, receiving: &mut Receiving) -> Result<std::convert::Infallible, End> {
        let mut now = self.shared.clock.now();
        loop {
            let taken = self.take_packets(receiving, now);
            if !receiving.frames.is_empty() {
                receiving.low_water.note(&receiving.frames);
                receiving.publisher.write(&mut receiving.frames, self.shared.clock.date());
            }
            taken?;
            let is_wanted = receiving.publisher.is_key_frame_wanted();
            if let Some((track, request)) = receiving.receiver.ask_for_key_frame(is_wanted, now) {
                self.send_rtcp(receiving, track, &request);
            }
            self.send()?;
            receiving.watch_media(now);
            if receiving.publisher.is_revoked() {
                return Err(End::Revoked);
            }
            if self.buffer.is_filled() {
                // The rest may be too little to wake for; but others have their turn first.
                future::yield_now().await;
                self.read()?;
                continue;
            }
            let inside = !self.buffer.unread().is_empty()
                || receiving.receiver.is_inside_picture()
                || self.socket.is_inside_record();
            receiving.low_water.apply(self.socket.tcp(), inside);
            receiving.watch_requests();
            receiving.watch_late(now);
            if receiving.late_at.is_some_and(|at| at <= now) {
                // It rings at once: others have their turn all the same.
                future::yield_now().await;
            }
            let wake = future::poll_fn(|cx| self.poll_wake(receiving, cx)).await?;
            now = self.shared.clock.now();
            match wake {
                Wake::Stream => self.read()?,
                Wake::Datagrams(track, kind) => receiving.receive_datagrams(track, kind, now),
                Wake::Late => {
                    receiving.late_at = None;
                    receiving.receiver.handle_timeout(now, &mut receiving.frames);
                }
                Wake::Tick => {
                    self.tick(receiving, now)?;
                    self.read()?;
                }
            }
        }
    }

    fn poll_wake(&self, receiving: &mut Receiving, cx: &mut Context<'_>) -> Poll<Result<Wake, End>> {
        if let Poll::Ready(ready) = self.socket.poll_readable(cx) {
            return Poll::Ready(ready.map(|()| Wake::Stream).map_err(End::Failed));
        }
        if let Poll::Ready(wake) = receiving.poll_datagrams(cx) {
            return Poll::Ready(Ok(wake));
        }
        if receiving.late_at.is_some() && Pin::new(&mut receiving.late).poll_next(cx).is_ready() {
            return Poll::Ready(Ok(Wake::Late));
        }
        Pin::new(&mut receiving.tick).poll_next(cx).map(|_| Ok(Wake::Tick))
    }

    /// Takes all messages that were read.
    fn take_packets(&mut self, receiving: &mut Receiving, now: Moment) -> Result<(), End> {
        loop {
            let (used, step) = self.session.take(self.buffer.unread(), now);
            let outcome = match step {
                Step::Packet { track, kind: Kind::Rtp, packet } => {
                    receiving.receiver.rtp(track, packet, now, &mut receiving.frames);
                    Ok(true)
                }
                Step::Packet { track, kind: Kind::Rtcp, packet } => {
                    receiving.receiver.rtcp(track, packet, true, now);
                    Ok(true)
                }
                Step::Done => Ok(true),
                Step::More => Ok(false),
                Step::Event(Event::Teardown) => Err(End::Teardown),
                // A session that records announces nothing; one that asks all the same can't be helped.
                Step::Close | Step::Waiting | Step::Event(_) => Err(End::Refused),
            };
            self.buffer.advance(used);
            if !outcome? {
                return Ok(());
            }
        }
    }

    fn tick(&mut self, receiving: &mut Receiving, now: Moment) -> Result<(), End> {
        receiving.watch_readiness(now);
        if now.since(receiving.seen.1) >= NO_MEDIA {
            return Err(End::Silent);
        }
        receiving.tell_line(now);
        if now.since(receiving.reported) < REPORT_TIME {
            return Ok(());
        }
        receiving.reported = now;
        for index in 0..receiving.tracks.len() {
            let report = receiving.receiver.report(index, now);
            if !report.is_empty() {
                self.send_rtcp(receiving, index, &report);
            }
        }
        Ok(())
    }

    /// Sends an RTCP packet of a track the way its media come.
    fn send_rtcp(&mut self, receiving: &Receiving, track: usize, packet: &[u8]) {
        match &receiving.sockets[track] {
            Some(sockets) => sockets.send_rtcp(packet),
            None => self.session.send_rtcp(track, packet),
        }
    }
}
