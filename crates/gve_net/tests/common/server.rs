//! An Architect that does what a test tells it, well-behaved or not.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use gve_net::{
    AssetMessage, Assets, Config,
    frame::{ClientFrame, ServerFrame},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

/// Longer than anything here takes, on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A request over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: String,
}

/// Bytes to answer with, head and all.
pub(crate) type Respond = dyn Fn(&Request) -> Vec<u8> + Send + Sync;

/// Listens on loopback; hands out the sockets that are opened and answers requests.
pub(crate) struct Architect {
    pub(crate) address: SocketAddr,
    sockets: mpsc::Receiver<Connection>,
    listening: JoinHandle<()>,
}

/// The Architect's end of a socket.
pub(crate) struct Connection {
    pub(crate) path: String,
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Architect {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| response(404, "{}")).await
    }

    pub(crate) async fn start_with(respond: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(respond))
    }

    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        Self::listen(TcpListener::bind(address).await.unwrap(), Arc::new(|_| response(404, "{}")))
    }

    fn listen(listener: TcpListener, respond: Arc<Respond>) -> Self {
        let address = listener.local_addr().unwrap();
        let (sender, sockets) = mpsc::channel(16);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, sender.clone(), respond.clone()));
            }
        });
        Self { address, sockets, listening }
    }

    /// Impatient enough for tests.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new(&format!("http://{}", self.address)).unwrap();
        config.retry_min_secs = 0.01;
        config.retry_max_secs = 0.05;
        config
    }

    /// The next socket that is opened.
    pub(crate) async fn accept(&mut self) -> Connection {
        timeout(PATIENCE, self.sockets.recv()).await.expect("a socket is opened").unwrap()
    }
}

impl Drop for Architect {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, sockets: mpsc::Sender<Connection>, respond: Arc<Respond>) {
    let mut head = vec![0; 16 << 10];
    let length = loop {
        let length = stream.peek(&mut head).await.unwrap_or(0);
        if length == 0 {
            return;
        }
        if head[..length].windows(4).any(|end| end == b"\r\n\r\n") {
            break length;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let text = String::from_utf8_lossy(&head[..length]).into_owned();
    let mut words = text.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    if text.to_ascii_lowercase().contains("upgrade: websocket") {
        assert!(!text.to_ascii_lowercase().contains("permessage-deflate"), "binaries are not deflated");
        let Ok(socket) = accept_async(stream).await else { return };
        let _ = sockets.send(Connection { path: target, socket }).await;
        return;
    }
    let head_bytes = text.find("\r\n\r\n").unwrap() + 4;
    let announced = text.to_ascii_lowercase();
    let announced = announced.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    let body_bytes: usize = announced.map_or(0, |length| length.trim().parse().unwrap());
    let mut bytes = vec![0; head_bytes + body_bytes];
    stream.read_exact(&mut bytes).await.unwrap();
    let body = String::from_utf8(bytes.split_off(head_bytes)).unwrap();
    let answer = respond(&Request { method, target, body });
    if answer.is_empty() {
        // Never answers.
        tokio::time::sleep(PATIENCE).await;
    }
    let _ = stream.write_all(&answer).await;
}

/// An answer in JSON.
pub(crate) fn response(status: u16, json: &str) -> Vec<u8> {
    raw_response(status, "content-type: application/json\r\n", json.as_bytes())
}

pub(crate) fn raw_response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

impl Connection {
    pub(crate) async fn send(&mut self, frame: ServerFrame) {
        self.send_bytes(frame.encode().unwrap()).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: impl Into<Bytes>) {
        self.socket.send(Message::Binary(bytes.into())).await.unwrap();
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next frame from the client.
    pub(crate) async fn next(&mut self) -> ClientFrame {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("a frame comes").unwrap().unwrap() {
                Message::Binary(bytes) => return ClientFrame::decode(&bytes).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("a binary frame was expected, found {other:?}"),
            }
        }
    }

    pub(crate) async fn expect_request(&mut self, id: u64) {
        assert_eq!(self.next().await, ClientFrame::RequestAsset { id });
    }

    /// The code of the client's farewell; `None` if it left without one.
    pub(crate) async fn farewell(&mut self) -> Option<u16> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the client leaves") {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        self.socket.close(Some(frame)).await.unwrap();
    }

    /// Bytes past the WebSocket protocol.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.unwrap();
        self.socket.get_mut().flush().await.unwrap();
    }
}

pub(crate) fn bump(id: u64, version: u32) -> ServerFrame {
    ServerFrame::VersionBump { id, version }
}

pub(crate) fn ready(id: u64, version: u32) -> ServerFrame {
    ServerFrame::AssetReady { id, version, bytes: content(id, version) }
}

/// Bytes that tell which asset and version they are of.
pub(crate) fn content(id: u64, version: u32) -> Bytes {
    Bytes::from(format!("asset {id} version {version}"))
}

pub(crate) async fn next(assets: &Assets) -> AssetMessage {
    timeout(PATIENCE, assets.next()).await.expect("a message comes")
}

/// The next message that is not about the connection.
pub(crate) async fn next_asset(assets: &Assets) -> AssetMessage {
    loop {
        match next(assets).await {
            AssetMessage::Connected | AssetMessage::Disconnected { .. } => {}
            message => return message,
        }
    }
}

/// The next loss of the connection.
pub(crate) async fn next_loss(assets: &Assets) -> gve_net::LinkError {
    loop {
        if let AssetMessage::Disconnected { error, .. } = next(assets).await {
            return error;
        }
    }
}
