//! Web cameras over WebSockets, between the door that has their sockets and the door that takes what they send.

use std::future::Future;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;

use crate::executor::BoxFuture;
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::reply::Reply;
use crate::http::{self, TakeOver, WebSocket};
use crate::web_camera::{Line, WebCameras};
use crate::wire::websocket::{Message, WebSocketError};

/// Hands web cameras' WebSockets over.
pub(super) struct HandOver(pub Arc<WebCameras>);

impl http::Cameras for HandOver {
    fn admit<'a>(&'a self, token: &'a str, camera: Option<&'a str>) -> BoxFuture<'a, Result<TakeOver, Reply>> {
        Box::pin(async move {
            let admitted = self.0.admit(token, camera).await.map_err(reply)?;
            let take_over: TakeOver = Box::new(move |socket| Box::pin(admitted.talk(socket)));
            Ok(take_over)
        })
    }
}

fn reply(refusal: PublishRefusal) -> Reply {
    match refusal {
        PublishRefusal::AlreadyPublishing => {
            Reply::error(409, "already_publishing", "this share is already being published")
        }
        PublishRefusal::NotFound => Reply::error(404, "not_found", "nothing is shared at this address"),
        PublishRefusal::NotAllowed(why) => Reply::error(404, "over", &why),
        PublishRefusal::Full(why) => Reply::error(503, "full", &why).with("Retry-After", "5"),
        PublishRefusal::Authenticate
        | PublishRefusal::Unsupported(_)
        | PublishRefusal::NoPorts
        | PublishRefusal::Failed => Reply::error(500, "failed", "the gateway could not look after this: try again"),
    }
}

impl Line for WebSocket {
    fn peer(&self) -> IpAddr {
        self.peer()
    }

    fn receive(&mut self, messages: &mut Vec<Message>) -> impl Future<Output = Result<(), WebSocketError>> + Send {
        self.receive(messages)
    }

    fn receive_now(&mut self, messages: &mut Vec<Message>) -> Result<bool, WebSocketError> {
        self.receive_now(messages)
    }

    fn socket(&self) -> Option<&TcpStream> {
        Some(self.socket())
    }

    fn is_inside_message(&self) -> bool {
        self.is_inside_message()
    }

    fn let_in(&mut self) {
        self.let_in();
    }

    fn say(&mut self, text: String) {
        self.say(text);
    }

    fn ping(&mut self) {
        self.ping();
    }

    fn close(&mut self, code: u16) {
        self.close(code);
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), WebSocketError>> + Send {
        self.flush()
    }
}
