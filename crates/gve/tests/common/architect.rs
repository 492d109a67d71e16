//! An Architect that does as much as the command line asks for: one asset, in memory, over plain HTTP.
//! It has no sockets, so that the commands have to do without events.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

pub(crate) const ID: &str = "0123456789abcdef01234567";

/// What it has stored, and what it answers with instead of doing what it is asked.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) document: Option<Value>,
    /// Every save's body.
    pub(crate) saves: Vec<Value>,
    /// Every other request.
    pub(crate) requests: Vec<String>,
    /// Answers the next save.
    pub(crate) save_error: Option<(u16, Value)>,
    /// What every compile warns of, if not of the usual.
    pub(crate) warnings: Option<Vec<&'static str>>,
    /// Fails every compile.
    pub(crate) compile_error: Option<&'static str>,
    is_compiled: bool,
}

pub(crate) struct Architect {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
}

impl Architect {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { url, state }
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let request = line.rsplit_once(' ')?.0.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (status, answer) = answer(&request, body, &mut state.lock().unwrap());
    let answer = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(answer.as_bytes()).ok()
}

fn answer(request: &str, body: Value, state: &mut State) -> (u16, Value) {
    let asset = format!("/assets/{ID}");
    let not_found =
        || (404, json!({"code": "asset_not_found", "message": "no such asset", "violations": []}));
    state.requests.push(request.to_owned());
    let version = state.document.as_ref().map_or(0, |document| document["version"].as_u64().unwrap());
    match request.split_once(' ').unwrap() {
        ("GET", "/health") => {
            (200, json!({"status": "ok", "version": "0.1.0", "device": "cpu", "can_train": true}))
        }
        ("POST", "/assets") => save(body, 0, state),
        ("PUT", path) if path == asset => match &state.document {
            Some(_) => save(body, version, state),
            None => not_found(),
        },
        ("GET", path) if path == asset => state.document.clone().map_or_else(not_found, |d| (200, d)),
        ("GET", path) if path == format!("{asset}/cache") => {
            let status = if state.is_compiled { "valid" } else { "missing" };
            (200, json!({"status": status, "version": version, "binary_path": "nowhere"}))
        }
        ("GET" | "POST", path) if path == format!("{asset}/compile") => (200, compile(version, state)),
        ("GET", path) if path.starts_with("/search") => {
            let asset = json!({
                "id": ID, "wire_id": 7, "name": "Ball", "version": 3, "category": "Prop",
                "subcategory": "toys", "updated_at": "2026-01-01T00:00:00Z",
            });
            (200, json!([{"asset": asset, "score": 0.5}]))
        }
        _ => (404, json!({"detail": "Not Found"})),
    }
}

fn save(body: Value, version: u64, state: &mut State) -> (u16, Value) {
    if let Some(error) = state.save_error.take() {
        return error;
    }
    let expected = body["expected_version"].as_u64();
    if expected.is_some_and(|expected| expected != version) {
        let error = json!({
            "code": "version_conflict", "message": "somebody was faster", "violations": [],
            "expected_version": expected, "current_version": version,
        });
        return (409, error);
    }
    state.is_compiled = false;
    state.document = Some(json!({
        "id": ID, "wire_id": 7, "type": "geometry", "name": body["dna"]["metadata"]["name"],
        "version": version + 1, "meta": {"category": "Prop", "subcategory": "general"},
        "dna": body["dna"], "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    }));
    state.saves.push(body);
    (if version == 0 { 201 } else { 200 }, state.document.clone().unwrap())
}

fn compile(version: u64, state: &mut State) -> Value {
    if let Some(error) = state.compile_error {
        let result = json!({"success": false, "compile_time_sec": 0.5, "error": error});
        return json!({"asset_id": ID, "version": version, "state": "failed", "result": result});
    }
    if !std::mem::replace(&mut state.is_compiled, true) {
        let progress = json!({"stage": "Baking 3D texture", "progress": 0.5, "message": "half"});
        return json!({"asset_id": ID, "version": version, "state": "running", "progress": progress});
    }
    let result = json!({
        "success": true, "binary_path": "nowhere", "compile_time_sec": 1.5, "version": version,
        "reused": false, "stages": [{"stage": "Building SDF graph", "seconds": 0.25}], "device": "cpu",
        "splats": {"count": 1000, "trained": true, "iterations": 300, "psnr_before_db": 30.0, "psnr_after_db": 34.5},
        "warnings": state.warnings.clone().unwrap_or_else(|| vec!["one leg is thin"]),
    });
    json!({"asset_id": ID, "version": version, "state": "complete", "result": result})
}
