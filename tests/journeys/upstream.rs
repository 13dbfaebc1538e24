//! A channel's server, inside the test: a small HTTP server on loopback that answers as the test says.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::clip::Clip;
use crate::program::{self, Running};

/// A request, as far as the tests look at it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub head: String,
}

/// What is answered.
pub enum Answer {
    /// A status, further header lines, a body.
    Whole(u16, Vec<String>, Vec<u8>),
    /// A body without end: written until the other side goes away.
    Endless(Writer),
}

/// Writes a body.
pub type Writer = Box<dyn FnOnce(&mut TcpStream) -> io::Result<()>>;

impl Answer {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(200, Vec::new(), body.into())
    }

    pub fn not_found() -> Self {
        Self::Whole(404, Vec::new(), Vec::new())
    }

    pub fn redirect(location: &str) -> Self {
        Self::Whole(302, vec![format!("Location: {location}")], Vec::new())
    }
}

/// A server, until it is dropped.
pub struct Upstream {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    open: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl Upstream {
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", answer)
    }

    pub fn start_at(address: &str, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let upstream = Self { address, asked: Arc::default(), open: Arc::default(), over: Arc::default() };
        let (asked, open, over) = (upstream.asked.clone(), upstream.open.clone(), upstream.over.clone());
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (answer, asked, open) = (answer.clone(), asked.clone(), open.clone());
                thread::spawn(move || {
                    open.fetch_add(1, Ordering::SeqCst);
                    // The gateway may go away at any time.
                    let _ = serve(stream, &*answer, &asked);
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        upstream
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How often `path` was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.asked.lock().expect("nothing panicked").iter().filter(|asked| asked.path == path).count()
    }

    /// The last request for `path`.
    pub fn last(&self, path: &str) -> Option<Asked> {
        self.asked.lock().expect("nothing panicked").iter().rfind(|asked| asked.path == path).cloned()
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Asked) -> Answer, asked: &Mutex<Vec<Asked>>) -> io::Result<()> {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let request = Asked { path, head };
    asked.lock().expect("nothing panicked").push(request.clone());
    match answer(&request) {
        Answer::Whole(status, fields, body) => {
            let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
            write!(stream, "HTTP/1.1 {status} OK\r\nContent-Length: {}\r\n{fields}\r\n", body.len())?;
            stream.write_all(&body)
        }
        Answer::Endless(write) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            write(&mut stream)
        }
    }
}

/// A file of `folder`, by a request's path; ranges are answered.
pub fn file(folder: &Path, asked: &Asked) -> Answer {
    let path = asked.path.split('?').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let Ok(bytes) = std::fs::read(folder.join(name)) else { return Answer::not_found() };
    let range = asked.head.lines().find_map(|line| line.strip_prefix("Range: bytes="));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else { return Answer::ok(bytes) };
    let total = bytes.len();
    let first: usize = first.parse().expect("a number");
    let last: usize = last.parse().unwrap_or(total - 1);
    let stretch = format!("Content-Range: bytes {first}-{last}/{total}");
    Answer::Whole(206, vec![stretch], bytes[first..=last].to_vec())
}

/// The clip as an endless transport stream, in real time.
pub fn endless_ts(clip: &Clip) -> Answer {
    let clip = clip.file();
    Answer::Endless(Box::new(move |stream| {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i"]).arg(clip);
        ffmpeg.args(["-c", "copy", "-f", "mpegts", "pipe:1"]).stdin(Stdio::null()).stdout(Stdio::piped());
        // It complains when nobody listens any more.
        ffmpeg.stderr(Stdio::null());
        let mut child = ffmpeg.spawn().expect("ffmpeg starts; tests/run installs it");
        let mut pictures = child.stdout.take().expect("it writes");
        let copied = io::copy(&mut pictures, stream);
        let _ = child.kill();
        let _ = child.wait();
        copied.map(drop)
    }))
}

/// The clip as a live HLS channel in a folder: `index.m3u8`, in real time, for ever.
pub fn live_hls(clip: &Clip, folder: &Path) -> Running {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i"]).arg(clip.file());
    ffmpeg.args(["-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_list_size", "6"]);
    ffmpeg.args(["-hls_flags", "delete_segments+temp_file", "-master_pl_name", "master.m3u8"]);
    ffmpeg.arg(folder.join("index.m3u8"));
    program::start(ffmpeg)
}

/// A file of `text` in `folder`.
pub fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    File::create(&path).and_then(|mut file| file.write_all(text.as_ref())).expect("written");
    path
}
