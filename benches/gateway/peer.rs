//! nginx with its RTMP module, the cheapest of the servers one could use instead: measured in the same run, it says how
//! fast the machine is. It takes RTMP and gives plain HLS (segments of a second, in files).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::house::{Place, Server, free_ports, wait_until_listening};

/// Where Debian puts the module.
const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
const PROGRAM: &str = "nginx";

/// A running nginx. Dropping it ends it.
pub struct Nginx {
    folder: TempDir,
    process: Child,
    rtmp: u16,
    http: u16,
    places: usize,
}

impl Nginx {
    /// Whether it is installed.
    pub fn is_there() -> bool {
        let runs = Command::new(PROGRAM).arg("-v").stderr(Stdio::null()).status();
        Path::new(MODULE).exists() && runs.is_ok_and(|status| status.success())
    }

    /// Starts it with one worker.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports @ [rtmp, http] = free_ports();
        let at = folder.path().display();
        // Its worker gives up root, and could not write here then.
        let root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        let user = if root { "user root;" } else { "" };
        let config = format!(
            "{user}load_module {MODULE};\ndaemon off;\nworker_processes 1;\npid {at}/pid;\nerror_log {at}/log error;\n\
             events {{ worker_connections 2048; }}\n\
             rtmp {{ access_log off; server {{ listen 127.0.0.1:{rtmp}; chunk_size 65536; application live {{\n\
             live on; hls on; hls_path {at}/hls; hls_fragment 1s; hls_playlist_length 6s; }} }} }}\n\
             http {{ access_log off; tcp_nodelay on; sendfile on; keepalive_requests 1000000;\n\
             client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3; uwsgi_temp_path {at}/t4;\n\
             scgi_temp_path {at}/t5; server {{ listen 127.0.0.1:{http}; location / {{ root {at}; }} }} }}\n"
        );
        fs::create_dir(folder.path().join("hls")).unwrap();
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config).unwrap();
        let mut command = nginx(&file);
        let log = folder.path().join("said");
        let mut process = command.stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
        wait_until_listening(&mut process, &ports, &log);
        Self { folder, process, rtmp, http, places: 0 }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("nginx.conf")
    }
}

fn nginx(config: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("-c").arg(config).arg("-p").arg(config.parent().unwrap());
    command
}

impl Server for Nginx {
    fn pid(&self) -> u32 {
        self.process.id()
    }

    fn place(&mut self) -> Place {
        self.places += 1;
        let Self { rtmp, http, places, .. } = self;
        Place {
            publish: format!("rtmp://127.0.0.1:{rtmp}/live/s{places}"),
            mp4: String::new(),
            hls: format!("http://127.0.0.1:{http}/hls/s{places}.m3u8"),
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave its worker behind.
        let _ = nginx(&self.config()).args(["-s", "stop"]).stderr(Stdio::null()).status();
        let _ = self.process.wait();
    }
}
