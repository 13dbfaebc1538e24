//! A home behind the HTTP door: a real steward over a real store, people, TVs and phones.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lareira::admin::addresses::Addresses;
use lareira::admin::verbs::Admin;
use lareira::album::Album;
use lareira::config::Recording;
use lareira::executor::SystemClock;
use lareira::gateway::owner_page::OwnerPage;
use lareira::gateway::photos::Photos;
use lareira::ground::id::{AccountId, SenderId, ShareId, UserId};
use lareira::ground::reply::Body;
use lareira::ground::time::Clock as _;
use lareira::http::request::Request;
use lareira::http::route::{Method, Route};
use lareira::http::{Announcements, Api, Caps, SecurePorts, Times};
use lareira::lifecycle::gallery::{Gallery, Painter};
use lareira::lifecycle::room::Room;
use lareira::lifecycle::strays::Strays;
use lareira::live::Hub;
use lareira::node::now::Now;
use lareira::recording::Folder;
use lareira::recording::library::Library;
use lareira::share::{Announcer, MediaInfo, NewUser, ShareSettings, Steward};
use lareira::store::{Store, StoreError};
use lareira::thumbnail::portrait::portrait;
use serde_json::{Value, json};

use super::{Answer, Client, House};

/// A house whose calls are decided by a real steward over a real store, with photos.
pub struct Home {
    pub house: House,
    pub steward: Arc<Steward>,
    pub gallery: Arc<Gallery>,
    pub api: Api,
    dir: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self::with_painter(Arc::new(portrait))
    }

    /// A home whose photos are drawn by `painter`.
    pub fn with_painter(painter: Arc<Painter>) -> Self {
        Self::opened(tempfile::tempdir().expect("a directory"), painter)
    }

    /// The same home after a restart.
    pub fn restart(self) -> Self {
        let Self { house, steward, gallery, api, dir } = self;
        drop((house, steward, gallery, api));
        // Connections that are being closed hold the steward, and with it the database, a moment longer.
        let mut patience = 5_000;
        while matches!(Store::open(&dir.path().join("lareira.redb")), Err(StoreError::InUse(_))) {
            assert!(patience > 0, "something holds the old home for ever");
            patience -= 1;
            std::thread::sleep(Duration::from_millis(1));
        }
        Self::opened(dir, Arc::new(portrait))
    }

    fn opened(dir: tempfile::TempDir, painter: Arc<Painter>) -> Self {
        let clock = Arc::new(SystemClock::default());
        let store = Store::open(&dir.path().join("lareira.redb")).expect("a store");
        let announcer = Arc::new(Announcer::new(clock.date()));
        let settings = ShareSettings { pin_rounds: 10, ..ShareSettings::default() };
        let steward = Arc::new(Steward::new(Arc::new(store), clock.clone(), announcer, settings).expect("a steward"));
        let album = Album::open(&dir.path().join("photos")).expect("an album");
        let gallery = Arc::new(Gallery::with_painter(album, painter));
        let unwanted = gallery.clone();
        steward.on_photo_unwanted(move |photo| unwanted.discard(photo));
        let addresses = Addresses {
            http: "http://localhost:8080".into(),
            https: None,
            rtsp: "rtsp://localhost:8554".into(),
            rtsps: None,
        };
        let strays = Arc::new(Strays::at_rest(steward.clone(), dir.path()).expect("a folder"));
        let (steward_too, gallery_too) = (steward.clone(), gallery.clone());
        let admin = Arc::new(Admin { steward: steward_too, gallery: gallery_too, addresses, channels: None, strays });
        let hub = Arc::new(Hub::new(4, None));
        let folder = Folder::open(&dir.path().join("recordings")).expect("a folder");
        let library = Library::new(folder);
        let room = Arc::new(Room::new(steward.clone(), hub.clone(), library, &Recording::default().limits()));
        let now = Now::new(steward.clone(), hub, room, clock.clone());
        let api =
            Api::new(steward.clone(), Arc::new(Photos(gallery.clone())), Arc::new(OwnerPage { admin, now }), 8554);
        let secure = Arc::new(SecurePorts::default());
        secure.open_https(8443);
        let api = api.with_secure(secure);
        let events = Arc::new(Announcements::new(api.clone(), clock));
        let devices = Arc::new(api.clone());
        let answering = api.clone();
        let handler = Box::new(move |request: &_| answering.answer(request));
        let (sweep, rights) = (Duration::from_millis(50), Duration::from_millis(20));
        let body_safe = Duration::from_millis(100);
        let times = Times { sweep, rights, body_safe, ..Times::default() };
        let house = House::knowing(times, Caps::default(), handler, Some(events), Some(devices));
        Self { house, steward, gallery, api, dir }
    }

    /// A call, with header fields that end with line breaks, and a JSON body or none.
    pub fn ask(&self, method: &str, path: &str, fields: &str, body: &Value) -> Answer {
        let mut client = self.house.connect();
        client.ask(super::Request::new(method, path).host("127.0.0.1:8080").json(body).fields(fields))
    }

    /// A call as the back would read it of someone at `peer`, over TLS or not.
    pub fn ask_from(
        &self,
        peer: &str,
        is_secure: bool,
        method: Method,
        path: &str,
        cookie: &str,
        body: &Value,
    ) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            route: Route::decode(method, path).expect("a route"),
            is_safe: method.is_safe(),
            peer: peer.parse().expect("an address"),
            secure: is_secure,
            host: "192.168.1.2:8080".to_owned(),
            query: query.to_owned(),
            fields: vec![("cookie", cookie.to_owned()), ("user-agent", "curl/8".to_owned())],
            probe: None,
            body: if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() },
        };
        let reply = self.api.answer(&request);
        let fields: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let Body::Pieces(pieces) = reply.body else { panic!("a body in pieces") };
        Answer { status: reply.status, head: format!("HTTP/1.1 {}\r\n{fields}", reply.status), body: pieces.concat() }
    }

    /// The same call with a body that is anything.
    pub fn send(&self, method: &str, path: &str, fields: &str, body: &[u8]) -> Answer {
        let mut client = self.house.connect();
        client.ask(super::Request::new(method, path).host("127.0.0.1:8080").fields(fields).body(body))
    }

    /// Where photos are.
    pub fn photos(&self) -> PathBuf {
        self.dir.path().join("photos")
    }

    /// A household of that name.
    pub fn account(&self, name: &str) -> AccountId {
        self.steward.add_account(name, Some("+351")).expect("an account").id
    }

    /// A user, perhaps with a PIN.
    pub fn user(&self, account: AccountId, name: &str, pin: Option<&str>) -> UserId {
        let (name, pin) = (name.to_owned(), pin.map(str::to_owned));
        self.steward.add_user(NewUser { account, name, msisdn: None, email: None, pin }).expect("a user").id
    }

    /// A TV of the account: its Cookie field.
    pub fn tv(&self, account: AccountId) -> String {
        let new = self.steward.new_tv().expect("a TV");
        self.steward.approve_tv(&new.pairing_code, account, None).expect("paired");
        format!("Cookie: lareira_tv={}\r\n", new.cookie)
    }

    /// Signs a user in on a TV: the Cookie field of both.
    pub fn sign_in(&self, tv: &str, user: UserId, pin: Option<&str>) -> String {
        let body = json!({ "user_id": user.to_string(), "pin": pin });
        let answer = self.ask("POST", "/tv/api/sign-in", tv, &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        format!("{}; {}\r\n", tv.trim_end(), cookie_of(&answer))
    }

    /// A phone invited to the account: its Authorization field, and its sender.
    pub fn phone(&self, account: AccountId, name: &str) -> (String, SenderId) {
        let invite = self.steward.invite(None, Some(account), Duration::from_secs(60)).expect("an invitation");
        let enrolled = self.ask("POST", "/api/v1/enrol", "", &json!({ "code": invite.code, "name": name }));
        assert_eq!(enrolled.status, 201, "{enrolled:?}");
        let value = json_of(&enrolled);
        let token = value["token"].as_str().expect("a token");
        let sender = value["sender_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        (format!("Authorization: Bearer {token}\r\n"), sender)
    }

    /// A share of a phone that is ready.
    pub fn ready_share(&self, phone: &str, to: &[UserId], title: Option<&str>) -> ShareId {
        let targets: Vec<String> = to.iter().map(UserId::to_string).collect();
        let created = self.ask("POST", "/api/v1/shares", phone, &json!({ "targets": targets, "title": title }));
        assert_eq!(created.status, 201, "{created:?}");
        let share = json_of(&created)["share_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        self.steward.ready(share, media()).expect("ready");
        share
    }
}

/// What a stream is made of.
pub fn media() -> MediaInfo {
    MediaInfo {
        codec: "avc1.42c01f".to_owned(),
        audio_codec: Some("mp4a.40.2".to_owned()),
        width: 1280,
        height: 720,
        frame_rate: 30.0,
        bits_per_second: 2_000_000,
    }
}

pub fn json_of(answer: &Answer) -> Value {
    answer.json()
}

pub fn code_of(answer: &Answer) -> (u16, String) {
    (answer.status, json_of(answer)["error"]["code"].as_str().unwrap_or_default().to_owned())
}

pub fn cookie_of(answer: &Answer) -> String {
    let field = answer.field("set-cookie").expect("a cookie");
    assert!(field.contains("HttpOnly") && field.contains("SameSite=Lax") && field.contains("Max-Age=34560000"));
    field.split(';').next().expect("its pair").to_owned()
}

pub fn event(client: &mut Client) -> (String, Value) {
    loop {
        let text = String::from_utf8(client.chunk().expect("an event")).expect("text");
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned);
        if let (Some(name), Some(data)) = (line("event:"), line("data:")) {
            return (name, serde_json::from_str(&data).expect("JSON"));
        }
    }
}

/// The id of the next event.
pub fn event_id(client: &mut Client) -> String {
    let text = String::from_utf8(client.chunk().expect("an event")).expect("text");
    text.lines().find_map(|line| line.strip_prefix("id: ")).expect("an id").to_owned()
}
