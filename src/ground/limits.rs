//! Every limit that is not a setting, in one place: what is held, for how long, and what happens beyond it.

use std::time::Duration;

/// Bytes of one RTSP request's head; more ends the connection with 400.
pub const RTSP_HEAD_BYTES: usize = 16 * 1024;
/// Bytes of one RTSP request's body (an SDP); more ends the connection with 413.
pub const RTSP_BODY_BYTES: usize = 64 * 1024;
/// How long an RTSP session may stay without a byte, as it is told to publishers. One that records ends long before, at
/// [`NO_MEDIA`]; one that does not, at [`RTSP_SETUP_TIME`].
pub const RTSP_IDLE: Duration = Duration::from_secs(60);
/// Times a publisher may be asked for its password on one connection; then it is ended.
pub const RTSP_AUTH_TRIES: u32 = 5;
/// How long a connection may take to get to RECORD.
pub const RTSP_SETUP_TIME: Duration = Duration::from_secs(15);
/// How long a publisher may send nothing that is media before its stream counts as lost.
pub const NO_MEDIA: Duration = Duration::from_secs(5);
/// Bytes of one access unit; a larger one is dropped up to the next key frame.
pub const ACCESS_UNIT_BYTES: usize = 4 * 1024 * 1024;
/// Packets that wait for an earlier one that is late (UDP): those of 400 ms at 20 Mbit/s.
pub const REORDER_PACKETS: usize = 1024;
/// Bytes of those.
pub const REORDER_BYTES: usize = 2 << 20;
/// How long packets wait for an earlier one that is late (UDP), at least.
pub const REORDER_WAIT_LEAST: Duration = Duration::from_millis(30);
/// The same, at most.
pub const REORDER_WAIT_MAX: Duration = Duration::from_millis(400);
/// The same while nothing is known of a line.
pub const REORDER_WAIT_FIRST: Duration = Duration::from_millis(200);
/// Bytes a stream keeps in memory: its newest group of pictures and what the disk has not taken yet.
pub const STREAM_BYTES: usize = 24 * 1024 * 1024;
/// Pictures and pieces of sound a stream keeps in memory: more than a minute of both, however small they are.
pub const STREAM_FRAMES: usize = 8 * 1024;
/// Bytes of all streams together that wait for the disk; the recording of the stream that exceeds them pauses.
pub const BACKLOG_BYTES: usize = 96 * 1024 * 1024;
/// Init segments of one stream (changes of its pictures' size or coding); its publisher is sent away at the next.
pub const STREAM_INIT_SEGMENTS: usize = 1024;
/// Times the recording of one stream stops for want of room and goes on again; then it stays stopped.
pub const STREAM_GAPS: usize = 256;
/// Bytes that must be free before a recording goes on that stopped for want of room.
pub const RESUME_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of the room that are left by whoever gives way first, and by guests always: as much as a few streams bring between
/// two looks at it. So one recording stops before another pays for it.
pub const LAST_ROOM_BYTES: u64 = 4 * 1024 * 1024;
/// What guests, who belong to no household, may hold together of the quota, and of what recordings may have of the disk: one
/// part in so many. Half is enough for a feast of theirs; the other half is the family's, whatever guests send.
pub const GUESTS_PART: u64 = 2;
/// Bytes of one HTTP request's head; more is 431.
pub const HTTP_HEAD_BYTES: usize = 16 * 1024;
/// How long a client may take to send a request's head.
pub const HTTP_HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a keep-alive connection may stay without a request.
pub const HTTP_IDLE: Duration = Duration::from_secs(75);
/// Files that are sent at once a large piece at a time; further ones are sent in small pieces.
pub const HTTP_LARGE_CHUNKS: usize = 48;
/// Bytes read from or written to one connection before the others get their turn.
pub const TURN_BYTES: usize = 256 * 1024;
/// The same over TLS, where each byte costs more.
pub const TLS_TURN_BYTES: usize = 64 * 1024;
/// How long one write may be stuck before the connection is ended.
pub const HTTP_WRITE_TIME: Duration = Duration::from_secs(20);
/// Bytes of an endless body that wait in the kernel for one client: a slow one falls behind by no more than that.
pub const HTTP_ENDLESS_BYTES: usize = 256 * 1024;
/// How long a client may leave what was sent unacknowledged (TCP): it is gone then, switched off or out of reach.
pub const HTTP_UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// Bytes of one API call's body; more is 413.
pub const HTTP_BODY_BYTES: usize = 1024 * 1024;
/// Bytes of a photo as it is sent; more is 413.
pub const PHOTO_BYTES: usize = 8_000_000;
/// Pixels of a photo as it is sent; more are refused.
pub const PHOTO_PIXELS: u64 = 16_000_000;
/// Bytes of memory in which a photo is decoded; one that needs more is refused. Phones' pages make photos small before they
/// send them.
pub const PHOTO_MEMORY_BYTES: u64 = 64 * 1024 * 1024;
/// Pixels that the scans of a photo go over, taken together: a progressive JPEG goes over each of its own ten times or so.
/// More are refused before one is decoded.
pub const PHOTO_SCAN_PIXELS: u64 = 16 * PHOTO_PIXELS;
/// Segments of a JPEG, or chunks of a PNG, that are no pixels; more are refused before anything is decoded.
pub const PHOTO_SEGMENTS: usize = 1024;
/// Photos that are drawn or wait for it at once; further ones are 503.
pub const PHOTO_PLACES: usize = 3;
/// The same places, those that guests leave to the owner.
pub const PHOTO_PLACES_SPARE: usize = 1;
/// Bodies as large as photos held at once; see [`HTTP_LARGE_BODIES`].
pub const HTTP_PHOTO_BODIES: usize = 2;
/// Of those, how many guests leave to the household.
pub const HTTP_PHOTO_BODIES_KEPT: usize = 1;
/// HTTP connections at once, in all. A quarter is kept for those who have shown who they are (`ground/crowd.rs`); where
/// strangers fill the rest, one of those makes room who come from where most do.
pub const HTTP_CONNECTIONS: usize = 2048;
/// Clients of a door that have knocked and were not let in yet. With fewer places a crowd's knocks are lost, and whoever's is
/// lost knocks again after a whole second (TCP). The kernel has a say too (`net.core.somaxconn`).
pub const ACCEPT_QUEUE: i32 = 1024;
/// Clients that are let in one after the other before those who are in have their turn. With fewer, a crowd's queue is long
/// and whoever knocks waits behind it.
pub const ACCEPTS_AT_ONCE: usize = 64;
/// How much nicer a thread is that does large work (nice(2)): next to one that isn't, it has a tenth of a processor.
pub const LARGE_WORK_NICE: i32 = 10;
/// How long a client may rest while it sends a request's body, besides the time that its bytes earn; a film goes on from
/// where it was.
pub const HTTP_BODY_TIME: Duration = Duration::from_secs(10);
/// Look-ups of who a client is at once; further ones wait.
pub const HTTP_LOOKUPS: usize = 4;
/// Bytes a second of a small body that are enough: a phone far out in the country sends more.
pub const HTTP_SMALL_BODY_RATE: u64 = 500;
/// Bytes a second that are enough of a larger body, of which few are held at once, and of a film.
pub const HTTP_LARGE_BODY_RATE: u64 = 4 * 1024;
/// A film of which nothing has come for so long makes room where others want to send theirs; it goes on from where it was.
pub const UPLOAD_YIELDS: Duration = Duration::from_secs(3);
/// Bytes of a film that are gathered before they go to the disk; the client is read no faster than the disk takes them.
pub const UPLOAD_CHUNK_BYTES: usize = 256 * 1024;
/// Films that arrive at once; further ones are 503. Where there is no place, one that rests makes room, then one of a guest's
/// for the household, or for a guest who sends fewer.
pub const UPLOADS: usize = 8;
/// Of those, how many guests leave to the household.
pub const UPLOADS_KEPT: usize = 2;
/// Films of one sender that arrive at once; further ones are 503.
pub const UPLOADS_PER_SENDER: usize = 2;
/// Bytes of the disk that films on their way in leave to recordings that go on, above what is to stay free: as much as
/// [`UPLOADS`] of them bring between two looks at it.
pub const UPLOAD_MARGIN_BYTES: u64 = 2 * 1024 * 1024;
/// Bytes of a film's recording between two looks at whether it has its room.
pub const RECORDING_STEP_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of a body that counts as small; only [`HTTP_LARGE_BODIES`] larger ones are held at once.
pub const HTTP_SMALL_BODY_BYTES: usize = 16 * 1024;
/// Larger request bodies held at once; whoever brings a further one waits for [`HTTP_BODY_TIME`] at most, then it is 503.
pub const HTTP_LARGE_BODIES: usize = 8;
/// Of those, how many guests leave to the household.
pub const HTTP_LARGE_BODIES_KEPT: usize = 4;
/// How long a larger body keeps its place while it comes, whoever waits: then the slowest makes room (503 `too_slow`).
pub const HTTP_BODY_SAFE: Duration = Duration::from_secs(4);
/// How long a body may take to come, at whatever rate: one as large as a photo takes as long at 27 kB a second.
pub const HTTP_BODY_WHOLE: Duration = Duration::from_secs(300);
/// The same of one device.
pub const HTTP_LARGE_BODIES_PER_DEVICE: usize = 2;
/// The same of strangers, who may enrol and claim the house, with a photo; one from each address.
pub const HTTP_STRANGERS_BODIES: usize = 4;
/// Bytes of an upload that measures the way here; they are counted, never kept. More is 413.
pub const HTTP_PROBE_BYTES: u64 = 32 * 1024 * 1024;
/// Calls of TVs that are answered at once, each by a thread of the back; further ones wait. One address may have all but
/// one. More than [`PIN_PLACES`], so that whoever has no PIN never waits for those who have.
pub const HTTP_TV_CALLS: usize = PIN_PLACES + 3;
/// The same of the owner. More than one page and one photo need.
pub const HTTP_OWNER_CALLS: usize = 3;
/// The same of phones, and of whoever comes. More than [`PHOTO_PLACES`], so that photos hold up photos alone.
pub const HTTP_GUEST_CALLS: usize = PHOTO_PLACES + 3;
/// TVs, phones or browsers of the owner's whose calls go before those of strangers; beyond that, whoever was answered longest
/// ago is a stranger again.
pub const HTTP_KNOWN_CALLERS: usize = 256;
/// How long a call may take, waiting included; then it is 503 or 504.
pub const HTTP_CALL_TIME: Duration = Duration::from_secs(15);
/// Bytes of a call's answer; more is 502.
pub const HTTP_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// Bytes that TLS holds back for a client that does not take them; writing waits then.
pub const TLS_WRITE_BYTES: usize = 64 * 1024;
/// Clients that shake hands at once at one door; for each further one the oldest makes room of those who come from where
/// most do.
pub const TLS_HANDSHAKES: usize = 64;
/// Names and addresses of one certificate; further ones are left out.
pub const CERTIFICATE_NAMES: usize = 64;
/// Time between two looks at whether a new certificate is needed.
pub const CERTIFICATE_LOOK: Duration = Duration::from_secs(60);
/// Time between two looks at who is past a deadline.
pub const HTTP_SWEEP: Duration = Duration::from_secs(1);
/// Time between two looks at who may still have the long bodies that are being sent: whoever lost the right to one is
/// cut off that soon.
pub const RIGHTS_LOOK: Duration = Duration::from_secs(3);
/// Time between two signs of life on a stream of events.
pub const EVENTS_HEARTBEAT: Duration = Duration::from_secs(15);
/// How long pages wait for a gateway that said that it stops: an update starts it again.
pub const RESTART_WAIT: Duration = Duration::from_secs(60);
/// RTSP connections at once, in all. A quarter is kept for those who may publish; where strangers fill the rest, one of
/// those makes room who come from where most do.
pub const RTSP_CONNECTIONS: usize = 2048;
/// RTSP connections at one address to publish to that have a place kept; further ones count as strangers'.
pub const RTSP_CONNECTIONS_PER_PUBLISHER: usize = 4;
/// A stream of which nothing could be shown for so long is told why, and so is its phone.
pub const NOT_READY_AFTER: Duration = Duration::from_secs(3);
/// How long a playback request waits for its share to become ready.
pub const PLAY_WAIT: Duration = Duration::from_secs(10);
/// Pixels of a picture's longer side; larger ones are refused.
pub const PICTURE_SIDE: u32 = 4096;
/// Macroblocks (16 × 16 pixels) of a picture, those of 4096 × 2304 (H.264, table A-1, level 5.1); more are refused.
pub const PICTURE_MACROBLOCKS: u64 = 36_864;
/// Characters of a name.
pub const NAME_CHARS: usize = 100;
/// Characters of a share's title.
pub const TITLE_CHARS: usize = 200;
/// Users one share is for; more are refused.
pub const SHARE_TARGETS: usize = 200;
/// Contacts of a phone that are looked at in one call; further ones are ignored, and the answer says so.
pub const CONTACTS: usize = 500;
/// Contacts one sender may look for in [`LOOKUPS_TIME`], each counted once: an address book of 500, and as many again.
/// Further ones are ignored, and the answer says so.
pub const LOOKUPS: usize = 1000;
/// The same for all senders of one household together, so that many phones of one person are no way around it.
pub const LOOKUPS_OF_HOUSEHOLD: usize = 20_000;
/// The same for all senders together who belong to none.
pub const LOOKUPS_OF_GUESTS: usize = 5_000;
/// See [`LOOKUPS`].
pub const LOOKUPS_TIME: Duration = Duration::from_secs(24 * 3600);
/// Times one sender may send contacts at once; then once in [`MATCHES_EVERY`].
pub const MATCHES_AT_ONCE: u32 = 120;
/// See [`MATCHES_AT_ONCE`].
pub const MATCHES_EVERY: Duration = Duration::from_secs(2);
/// Shares that are not over at once, in all; further ones are refused.
pub const ACTIVE_SHARES: usize = 1000;
/// Of those, how many are kept for the owner's cameras: senders leave them free.
pub const OWNERS_SHARES: usize = 100;
/// Shares of one sender that are not over at once, of one who belongs to a household; further ones are refused.
pub const UNFINISHED_OF_MEMBERS: usize = 64;
/// The same of a sender who belongs to none.
pub const UNFINISHED_OF_OUTSIDERS: usize = 8;
/// Shares one sender may begin at once; then one in [`SHARES_EVERY`].
pub const SHARES_AT_ONCE: u32 = 120;
/// See [`SHARES_AT_ONCE`].
pub const SHARES_EVERY: Duration = Duration::from_secs(5);
/// Shares of one sender that ring in their own household within [`RINGS_TIME`], for whomever of it; what comes beyond
/// that waits in the inbox.
pub const RINGS_OF_MEMBERS: usize = 12;
/// The same in another household.
pub const RINGS_OF_OUTSIDERS: usize = 3;
/// See [`RINGS_OF_MEMBERS`].
pub const RINGS_TIME: Duration = Duration::from_secs(5 * 60);
/// How long a sender whom a user has not allowed is silent after they have asked.
pub const ASKING_TIME: Duration = Duration::from_secs(24 * 3600);
/// Invitations of one TV that hold at once; the oldest makes room.
pub const INVITES_PER_TV: usize = 8;
/// Streams of events open at once for one TV, or for one phone; the oldest makes room.
pub const EVENTS_PER_DEVICE: usize = 16;
/// Senders one user can block; more are refused.
pub const BLOCKED_SENDERS: usize = 1000;
/// TVs that wait to be paired, in all; one that isn't asked for any more makes room, else one of the address that has most.
pub const WAITING_TVS: usize = 500;
/// TVs of one address that wait to be paired; the one whose page asked longest ago makes room.
pub const WAITING_TVS_PER_ADDRESS: usize = 16;
/// How long the page of a TV that waits may ask nothing before its place is free for another.
pub const WAITING_TV_IDLE: Duration = Duration::from_secs(60);
/// How long after a start a house that nobody owns can be claimed by the square on a TV.
pub const CLAIM_TIME: Duration = Duration::from_secs(15 * 60);
/// Users signed in at once on one TV; the one signed in longest makes room.
pub const SIGNED_IN_USERS: usize = 32;
/// How long a TV shows a pairing code before it shows a new one.
pub const PAIRING_CODE_TIME: Duration = Duration::from_secs(30 * 60);
/// How long wrong codes (of invitations, of a house to be claimed, of the owner) and wrong passwords of RTSP are counted,
/// from the first.
pub const CODE_TRIES_TIME: Duration = Duration::from_secs(600);
/// Wrong ones from one machine within [`CODE_TRIES_TIME`]; then it has to wait for the rest of it.
pub const CODE_TRIES: u32 = 20;
/// Wrong ones from the network around it, which no machine alone can reach; then each of its machines has
/// [`CODE_TRIES_FEW`] for the rest of the time.
pub const CODE_TRIES_NETWORK: u32 = 100;
/// See [`CODE_TRIES_NETWORK`]: whoever mistypes a code may try again at once.
pub const CODE_TRIES_FEW: u32 = 3;
/// Wrong ones from everywhere; then each machine has one try for the rest of the time.
pub const CODE_TRIES_ALL: u32 = 300;
/// Machines and networks whose wrong codes are counted; with more, the oldest are forgotten.
pub const CODE_ORIGINS: usize = 4096;
/// How often refusals are told in the log: within this time …
pub const REFUSALS_SPAN: Duration = Duration::from_secs(60);
/// … as many of one kind from one machine …
pub const REFUSALS_EACH: u32 = 10;
/// … and as many of one kind from everywhere. What is beyond is counted, and told as a number. Those of all kinds together
/// are less than [`LOG_LINES`], which would leave out any.
pub const REFUSALS_OF_KIND: u32 = 20;
/// How long the owner has to come in with a code.
pub const OWNER_CODE_TIME: Duration = Duration::from_secs(10 * 60);
/// Browsers of the owner; the one that came in longest ago makes room.
pub const OWNER_BROWSERS: usize = 32;
/// How long a browser of the owner's may stay away; then it is out.
pub const OWNER_IDLE: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a browser of the owner's stays in at most.
pub const OWNER_TIME: Duration = Duration::from_secs(180 * 24 * 3600);
/// How often it is written down that it was here.
pub const OWNER_SEEN: Duration = Duration::from_secs(3600);
/// How long an invitation may be made to hold.
pub const INVITE_TIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a ticket gives the right to play.
pub const TICKET_TIME: Duration = Duration::from_secs(24 * 3600);
/// How long a TV may say nothing about the video it plays before it counts as gone.
pub const WATCHING_TIME: Duration = Duration::from_secs(30);
/// PINs that are looked at or wait for it at once, one of each user; further ones are 503.
pub const PIN_PLACES: usize = 3;
/// Wrong PINs of a user on one TV before the PIN is locked there.
pub const PIN_TRIES: u32 = 5;
/// The same on all TVs but the one with the most, before the PIN is locked on each where one was wrong.
pub const PIN_TRIES_ELSEWHERE: u32 = 20;
/// How long the first lock of a PIN holds; each further one holds four times as long.
pub const PIN_FIRST_LOCK: Duration = Duration::from_secs(60);
/// How long a lock of a PIN holds at most.
pub const PIN_LONGEST_LOCK: Duration = Duration::from_secs(24 * 3600);
/// Entries of one page of an inbox, or of the list of shares.
pub const PAGE_ROWS: usize = 1000;
/// Bytes of an address on the internet that is asked; a longer one is not used.
pub const FETCH_ADDRESS_BYTES: usize = 4 * 1024;
/// How long a server of the internet may take to be connected, and then to begin its answer.
pub const FETCH_ANSWER_TIME: Duration = Duration::from_secs(10);
/// How long one address of a server may take to be connected, before the next is tried.
pub const FETCH_CONNECT_TIME: Duration = Duration::from_millis(2500);
/// How long a server may send nothing in the middle of an answer.
pub const FETCH_SILENCE: Duration = Duration::from_secs(10);
/// Redirects that are followed on the way to an answer.
pub const FETCH_REDIRECTS: usize = 5;
/// Channels of a list that are kept; further ones are left out, and the owner is told.
pub const CHANNELS: usize = 50_000;
/// Channels in one answer to a TV; the rest is asked for with an offset.
pub const CHANNEL_PAGE: usize = 5_000;
/// Bytes of one line of a channel list; a longer one is skipped.
pub const CHANNEL_LINE_BYTES: usize = 16 * 1024;
/// Characters of a channel's name, its group, and a programme's title; the rest is cut off.
pub const CHANNEL_NAME_CHARS: usize = 200;
/// Entries of a list that were skipped and are kept for the owner to see; all are counted.
pub const CHANNEL_FAULTS: usize = 200;
/// Bytes of a channel list, unpacked; what is beyond is left out, and the owner is told.
pub const CHANNEL_LIST_BYTES: u64 = 32 * 1024 * 1024;
/// Guides that a list may name; further ones are left out, and the owner is told.
pub const GUIDES: usize = 8;
/// Channels and programmes of a guide that were skipped and are kept for the owner to see; all are counted.
pub const GUIDE_FAULTS: usize = 20;
/// Channels of a guide that are remembered while it is read because nothing is known of them yet.
pub const GUIDE_UNKNOWN_CHANNELS: usize = 100_000;
/// Bytes of a guide as it is fetched; one that is longer is not used.
pub const GUIDE_BYTES: u64 = 128 * 1024 * 1024;
/// Bytes of a guide, unpacked; what is beyond is left out, and the owner is told.
pub const GUIDE_UNPACKED_BYTES: u64 = 1024 * 1024 * 1024;
/// Bytes of one tag or text of a guide; a longer one ends the reading.
pub const GUIDE_TOKEN_BYTES: usize = 256 * 1024;
/// Programmes of all guides together that are kept; further ones are left out.
pub const GUIDE_PROGRAMMES: usize = 200_000;
/// How long fetching a channel list or a guide may take in all.
pub const CHANNEL_FETCH_TIME: Duration = Duration::from_secs(180);
/// How long a whole playlist or logo of a channel may take.
pub const CHANNEL_WHOLE_TIME: Duration = Duration::from_secs(20);
/// Bytes of an HLS playlist of a channel; a longer one is not used.
pub const CHANNEL_PLAYLIST_BYTES: u64 = 2 * 1024 * 1024;
/// Bytes of a channel's logo; a larger one is not shown.
pub const CHANNEL_LOGO_BYTES: u64 = 2 * 1024 * 1024;
/// Answers from channels' servers that are under way at once, for all TVs; further ones are 503.
pub const CHANNEL_FETCHES: usize = 64;
/// Channels sent as MPEG-TS that are received at once; further ones are 503.
pub const CHANNEL_TUNERS: usize = 8;
/// How long a channel sent as MPEG-TS is received after the last TV asked for it.
pub const CHANNEL_LINGER: Duration = Duration::from_secs(12);
/// Segments of a channel sent as MPEG-TS that are kept.
pub const CHANNEL_SEGMENTS: usize = 6;
/// Bytes of one segment of a channel sent as MPEG-TS; it is cut there at the latest.
pub const CHANNEL_SEGMENT_BYTES: usize = 6 * 1024 * 1024;
/// Bytes of all segments that are kept of one channel sent as MPEG-TS; the oldest go first.
pub const CHANNEL_BYTES: usize = 16 * 1024 * 1024;
/// How long a channel's ticket gives the right to watch, at least.
pub const CHANNEL_TICKET_TIME: Duration = Duration::from_secs(24 * 3600);
/// Bytes of a message on a WebSocket before whoever has taken it over lets in longer ones; more ends it.
pub const WEBSOCKET_SHORT_BYTES: usize = 16 * 1024;
/// How long a client may take to take what it is told on a WebSocket; its connection ends then.
pub const WEBSOCKET_WRITE_TIME: Duration = Duration::from_secs(5);
/// Bytes of one binary message of a web camera; more ends it with `too_large`.
pub const WEB_CAMERA_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Web cameras at once at one share's address, of which one publishes; further ones are 409.
pub const WEB_CAMERAS_PER_SHARE: usize = 4;
/// The longest name by which a web camera says that it is the one from before.
pub const WEB_CAMERA_NAME_BYTES: usize = 64;
/// How long a web camera whose place another connection of its own takes may need to leave.
pub const WEB_CAMERA_LEAVES: Duration = Duration::from_secs(1);
/// Bytes of one text message of a web camera, and of any message before its `start` was accepted; more ends it with
/// `too_large`.
pub const WEB_CAMERA_TEXT_BYTES: usize = WEBSOCKET_SHORT_BYTES;
/// Bytes of one piece of its sound; more is no Opus packet and no AAC access unit.
pub const WEB_CAMERA_SOUND_BYTES: usize = 8 * 1024;
/// How long a web camera may take to say what it will send.
pub const WEB_CAMERA_START_TIME: Duration = Duration::from_secs(10);
/// How often the way to a web camera and back is measured.
pub const WEB_CAMERA_TRIP_TIME: Duration = Duration::from_secs(2);
/// A delay that a TV tells is no longer than this; more is no delay.
pub const LATENCY_MS: u64 = 3_600_000;
/// Time between two acknowledgements to a web camera, at least.
pub const WEB_CAMERA_ACK_TIME: Duration = Duration::from_millis(200);
/// Time between two requests for a key frame, at least.
pub const WEB_CAMERA_KEY_FRAME_TIME: Duration = Duration::from_secs(1);
/// Frames of a web camera that are published before others get their turn.
pub const WEB_CAMERA_TURN_FRAMES: usize = 256;
/// How long a web camera may be quiet before it is asked whether it is there.
pub const WEB_CAMERA_QUIET: Duration = Duration::from_secs(2);
/// Lines that one place in the program may write to the log within a minute; further ones are counted.
pub const LOG_LINES: u32 = 120;
/// How often the host's addresses are looked at, to announce the gateway where they are new and to know the home's networks.
pub const LAN_LOOK: Duration = Duration::from_secs(60);
/// How long it takes at most to have announced it where there is a network.
pub const LAN_SILENCE: Duration = Duration::from_secs(5);
/// How long its goodbye may take.
pub const LAN_GOODBYE: Duration = Duration::from_secs(1);
/// Names and interfaces of which the log tells; further ones are not told.
pub const LAN_PLACES: usize = 64;
/// Processor time that a task may hold the event loop for at a time; more is counted and told in the log.
pub const LOOP_TURN: Duration = Duration::from_millis(5);
/// Threads that look into the database for the event loop; further askers wait.
pub const BOOKS_THREADS: usize = 8;
/// Threads that read and write files for the event loop; further askers wait.
pub const DISK_THREADS: usize = 12;
/// Threads that open recordings and films, and decode pictures, for the event loop; further askers wait.
pub const MEDIA_THREADS: usize = 6;
/// Threads that ask for the addresses of names for the event loop; further askers wait.
pub const NAMES_THREADS: usize = 8;
/// How long a recording can be, of a stream or of a film: a stream's goes on without being recorded, a film is refused.
pub const RECORDING_TIME: Duration = Duration::from_secs(24 * 3600);
/// Pictures and pieces of sound of one recording; the same happens at the next. 24 hours at 60 pictures a second, with
/// sound, are less.
pub const RECORDING_SAMPLES: u64 = 12_000_000;
/// Bytes of a recording's HLS playlist, which tell the number of its segments; the same happens beyond. 24 hours of a key
/// frame each second take less.
pub const PLAYLIST_BYTES: usize = 5 * 1024 * 1024;
/// Bytes of memory for recordings that are kept open; the one used longest ago goes first. One at its limits takes this
/// much.
pub const LIBRARY_BYTES: usize = 16 * 1024 * 1024;
/// Recordings that are opened at once: what each takes meanwhile adds up.
pub const LIBRARY_OPENINGS: usize = 2;
/// Bytes of the index of a recording that counts as long: those are opened one at a time, beside the others.
pub const LIBRARY_LONG_INDEX_BYTES: u64 = 4 * 1024 * 1024;
/// Requests that wait for a recording to be opened; further ones are 503.
pub const LIBRARY_WAITERS: usize = 128;
/// Bytes of a recording's head (its tables) that are held in memory; a longer one is kept beside it on the disk.
pub const HEAD_BYTES: u64 = 64 * 1024;
/// Bytes of a head that are held in memory where the disk takes none; a longer one can't be sent then.
pub const HEAD_BYTES_WITHOUT_DISK: u64 = 4 * 1024 * 1024;
/// Bytes of an MP4 file's description (`moov`) from outside; a larger one is refused.
pub const MP4_MOOV_BYTES: u64 = 32 * 1024 * 1024;
/// Boxes of a file that are passed over in search of its description; then it is refused.
pub const MP4_TOP_BOXES: usize = 10_000;
/// Boxes of a file in fragments, behind its description; more are refused.
pub const MP4_FRAGMENTS: usize = 4_000_000;
/// Sample entries of one track that are read; samples of further ones are refused.
pub const MP4_DESCRIPTIONS: usize = 64;
/// Samples of one track of a file; more are refused. At 60 pictures a second, 9 hours.
pub const MP4_SAMPLES: u32 = 2_000_000;
/// Pieces that an edit list may put a film together of; more are refused.
pub const MP4_EDITS: u32 = 250;
/// Pictures of a film times pieces of its edit list; more are refused, since planning takes so long.
pub const MP4_PLANNED: usize = 20_000_000;
/// How often a film's key pictures are looked at, to find where its pieces can begin; those that are called so and are
/// none take one more round. Most files say the truth about them.
pub const MP4_KEY_ROUNDS: u32 = 30;
/// Macroblocks (16 × 16 pixels) of all pictures that are decoded and coded again because a film was trimmed inside of a
/// group of pictures; where there are more, its pieces begin at their next key frames. Two minutes of 1080p at 30 pictures
/// a second, which take about as long.
pub const RECODED_MACROBLOCKS: u64 = 8_160 * 30 * 120;
/// Seconds of any time in a film; a file that tells of more is refused.
pub const MP4_SECONDS: u64 = 30 * 24 * 3600;
/// Bytes of a streamed file's description (`moov`) or of one fragment's (`moof`); larger ones end the stream.
pub const MP4_FRAGMENT_HEAD_BYTES: u64 = 1024 * 1024;
/// Bytes of one fragment's media in a streamed file; a larger one ends the stream.
pub const MP4_FRAGMENT_BYTES: u64 = 32 * 1024 * 1024;
/// Samples of one fragment of a streamed file; more end the stream. They are taken apart in one turn of the event loop; at 60
/// pictures a second, with sound, more than half a minute.
pub const MP4_FRAGMENT_SAMPLES: usize = 4_000;
