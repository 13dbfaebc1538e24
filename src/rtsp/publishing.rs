//! One publisher's connection from its first byte to its last: hands are shaken where it comes over TLS, it is brought to
//! RECORD, and what it sends is received; then perhaps the same again.

use std::sync::Arc;

use async_io::Timer;

use super::connection::{Connection, End, within};
use crate::ground::limits::RTSP_SETUP_TIME;
use crate::socket::ServerConfig;

impl Connection {
    /// Lives until the connection ends; through TLS, where there is a configuration for it.
    pub async fn run(mut self, tls: Option<Arc<ServerConfig>>) {
        log::debug!("rtsp: connection {} from {} opened", self.slot.number, self.slot.address);
        let mut deadline = Timer::after(RTSP_SETUP_TIME);
        if let Some(config) = tls {
            let handshake = self.socket.secure(self.slot.address, config, &self.shared.handshakes);
            let shaken = Box::pin(within(&mut deadline, handshake)).await;
            if let Err(end) = shaken.and_then(|shaken| shaken.map_err(End::Failed)) {
                log::debug!("rtsp: connection {} closed: {end}", self.slot.number);
                return;
            }
            // Media beside the connection would be there for anyone to read.
            self.session.keep_inside();
        }
        let end = loop {
            let receiving = match self.set_up(&mut deadline).await {
                Ok(receiving) => receiving,
                Err(end) => break end,
            };
            // A publisher may go on with another ANNOUNCE after its TEARDOWN.
            // In a box, so that connections which do not get that far stay small.
            match Box::pin(self.record(receiving)).await {
                End::Teardown => deadline = Timer::after(RTSP_SETUP_TIME),
                end => break end,
            }
        };
        self.socket.say_goodbye();
        log::debug!("rtsp: connection {} closed: {end}", self.slot.number);
    }
}
