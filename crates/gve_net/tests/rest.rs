//! The REST interface: what is asked, what is understood, and every way it can fail.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/server.rs"]
mod server;

use std::sync::{Arc, Mutex};

use gve_net::{
    Rest, RestError,
    rest::{AssetQuery, Binary},
};
use gve_types::{
    MaterialTable,
    api::{ErrorCode, SaveAsset},
    compile::{CompilePriority, CompileRequest, CompileState},
    limits::MAX_PAYLOAD_BYTES,
    parse_recipe,
};
use serde_json::{Value, json};
use server::{Architect, Request, raw_response, response};

const ID: &str = "0123456789abcdef01234567";

fn recipe() -> Value {
    json!({
        "dna_version": 1,
        "metadata": {"name": "Ball", "version": 3, "category": "Prop", "material_spec": "ASTM_A36"},
        "root_node": {"op": "sphere", "radius": 0.1},
    })
}

fn save() -> SaveAsset {
    let dna = parse_recipe(&recipe().to_string(), MaterialTable::builtin()).unwrap();
    let priority = CompilePriority::High;
    SaveAsset {
        dna,
        subcategory: None,
        expected_version: Some(3),
        priority,
        splat_iterations: Some(0),
        volume_resolution: None,
    }
}

fn summary() -> Value {
    json!({
        "id": ID, "wire_id": 7, "name": "Ball", "version": 3, "category": "Prop",
        "subcategory": "general", "updated_at": "2026-01-01T00:00:00Z",
    })
}

fn document() -> Value {
    json!({
        "id": ID, "wire_id": 7, "type": "geometry", "name": "Ball", "version": 4,
        "meta": {"category": "Prop", "subcategory": "general"}, "dna": recipe(),
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    })
}

fn status() -> Value {
    json!({"asset_id": ID, "version": 4, "state": "queued"})
}

/// One answer for everything, and what was asked.
async fn architect(answer: Vec<u8>) -> (Architect, Rest, Arc<Mutex<Vec<Request>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let architect = Architect::start_with(move |request| {
        log.lock().unwrap().push(request.clone());
        answer.clone()
    })
    .await;
    let mut config = architect.config();
    config.timeout_secs = 20.0;
    let rest = Rest::new(&config).unwrap();
    (architect, rest, asked)
}

fn last(asked: &Mutex<Vec<Request>>) -> (String, String, Value) {
    let request = asked.lock().unwrap().pop().unwrap();
    let line = format!("{} {}", request.method, request.target);
    (line.clone(), line, serde_json::from_str(&request.body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn documents_are_asked_for_and_understood() {
    let (_architect, rest, asked) = architect(response(200, &document().to_string())).await;
    let line = |expected: &str| assert_eq!(last(&asked).0, expected);
    assert_eq!(rest.asset(ID).await.unwrap().wire_id, 7);
    line(&format!("GET /assets/{ID}"));
    assert_eq!(rest.asset_by_wire_id(7).await.unwrap().version, 4);
    line("GET /wire/7");
    rest.create_asset(&save()).await.unwrap();
    let (request, _, body) = last(&asked);
    assert_eq!(request, "POST /assets");
    assert_eq!(body["dna"]["root_node"], recipe()["root_node"]);
    assert_eq!(
        (&body["priority"], &body["expected_version"], &body["splat_iterations"]),
        (&json!(2), &json!(3), &json!(0))
    );
    assert!(body.get("volume_resolution").is_none(), "what is left out is not sent");
    rest.save_asset(ID, &save()).await.unwrap();
    line(&format!("PUT /assets/{ID}"));
    rest.delete_asset(ID).await.unwrap();
    line(&format!("DELETE /assets/{ID}"));
}

#[tokio::test]
async fn lists_and_searches() {
    let page = json!({"items": [summary()], "next_after": 7});
    let (_architect, rest, asked) = architect(response(200, &page.to_string())).await;
    let page = rest.list_assets(&AssetQuery::default()).await.unwrap();
    assert_eq!((page.items[0].wire_id, page.next_after), (7, Some(7)));
    assert_eq!(last(&asked).0, "GET /assets");
    let category = Some(gve_types::AssetCategory::Prop);
    let query = AssetQuery { category, name: Some("a&b c".into()), after: Some(7), limit: Some(2) };
    rest.list_assets(&query).await.unwrap();
    assert_eq!(last(&asked).0, "GET /assets?category=Prop&name=a%26b+c&after=7&limit=2");

    let hits = json!([{"asset": summary(), "score": 0.5}]);
    let (_architect, rest, asked) = architect(response(200, &hits.to_string())).await;
    let hits = rest.search("red ball", Some(3)).await.unwrap();
    assert_eq!((hits[0].asset.name.as_str(), hits[0].score), ("Ball", 0.5));
    assert_eq!(last(&asked).0, "GET /search?text=red+ball&limit=3");
}

#[tokio::test]
async fn compiles() {
    let (_architect, rest, asked) = architect(response(202, &status().to_string())).await;
    let request = CompileRequest {
        asset_id: ID.to_owned(),
        priority: CompilePriority::Normal,
        force_recompile: true,
        splat_iterations: None,
        volume_resolution: Some(64),
    };
    assert_eq!(rest.compile(&request).await.unwrap().state, CompileState::Queued);
    let (line, _, body) = last(&asked);
    assert_eq!(line, format!("POST /assets/{ID}/compile"));
    assert_eq!((&body["force_recompile"], &body["volume_resolution"]), (&json!(true), &json!(64)));
    rest.compile_status(ID).await.unwrap();
    assert_eq!(last(&asked).0, format!("GET /assets/{ID}/compile"));
    rest.cancel_compile(ID).await.unwrap();
    assert_eq!(last(&asked).0, format!("DELETE /assets/{ID}/compile"));
}

#[tokio::test]
async fn materials() {
    let record = MaterialTable::builtin().get("ASTM_A36").unwrap();
    let spec = serde_json::to_string(record).unwrap();
    let (_architect, rest, asked) = architect(response(200, &format!("[{spec}]"))).await;
    assert_eq!(rest.materials().await.unwrap()[0].spec_id, "ASTM_A36");
    assert_eq!(last(&asked).0, "GET /materials");
    let (_architect, rest, asked) = architect(response(200, &spec)).await;
    assert_eq!(rest.material("ASTM_A36").await.unwrap(), *record);
    assert_eq!(last(&asked).0, "GET /materials/ASTM_A36");
    let audio = r#"{"damping": 0.5, "resonance_range": [100, 200]}"#;
    let (_architect, rest, asked) = architect(response(200, audio)).await;
    assert_eq!(rest.material_audio("WOOD_OAK").await.unwrap().resonance_range, [100.0, 200.0]);
    assert_eq!(last(&asked).0, "GET /materials/WOOD_OAK/audio");
    let impact = r#"{"combined_damping": 0.5, "avg_resonance_freq": 100}"#;
    let (_architect, rest, asked) = architect(response(200, impact)).await;
    assert_eq!(rest.impact("WOOD_OAK", "ASTM_A36").await.unwrap().avg_resonance_freq, 100.0);
    assert_eq!(last(&asked).0, "GET /materials/impact?a=WOOD_OAK&b=ASTM_A36");
}

#[tokio::test]
async fn binaries_come_with_their_version() {
    let (_architect, rest, asked) = architect(raw_response(200, "etag: \"12\"\r\n", &[7; 1000])).await;
    assert_eq!(rest.binary(ID).await, Ok(Binary { version: 12, bytes: vec![7; 1000].into() }));
    assert_eq!(last(&asked).0, format!("GET /assets/{ID}/binary"));
    let (_architect, rest, _) = architect(raw_response(200, "", &[7; 10])).await;
    assert!(matches!(rest.binary(ID).await, Err(RestError::BadAnswer { .. })));
}

#[tokio::test]
async fn refusals_keep_their_code_findings_and_versions() {
    let body = r#"{"code": "version_conflict", "message": "saved on top of 3, stored is 5", "violations": [], "expected_version": 3, "current_version": 5}"#;
    let (_architect, rest, _) = architect(response(409, body)).await;
    let error = rest.save_asset(ID, &save()).await.unwrap_err();
    assert_eq!(error.to_string(), "saved on top of 3, stored is 5");
    let body = error.body().unwrap();
    assert_eq!(body.code, ErrorCode::VersionConflict);
    assert_eq!((body.expected_version, body.current_version), (Some(3), Some(5)));

    let body = r#"{"code": "invalid_recipe", "message": "1 mistake", "violations": [{"path": "$.root_node.radius", "message": "found -1"}]}"#;
    let (_architect, rest, asked) = architect(response(422, body)).await;
    let violations = rest.check_recipe("{\"a\": 1}").await.unwrap();
    assert_eq!(violations[0].path, "$.root_node.radius");
    assert_eq!(last(&asked).2, json!({"a": 1}));
    match rest.create_asset(&save()).await {
        Err(RestError::Refused { status: 422, body }) => assert_eq!(body.violations, violations),
        other => panic!("{other:?}"),
    }
    let (_architect, rest, _) = architect(response(200, r#"{"violations": []}"#)).await;
    assert_eq!(rest.check_recipe("{}").await, Ok(Vec::new()));
}

#[tokio::test]
async fn answers_that_are_none_of_an_architect() {
    let (_architect, rest, _) = architect(raw_response(502, "", b"<html>Bad gateway</html>")).await;
    match rest.health().await {
        Err(RestError::UnexpectedStatus { status: 502, text, .. }) => assert!(text.starts_with("<html>")),
        other => panic!("{other:?}"),
    }
    for answer in [&b"<html>"[..], b"", b"{}", b"[1, 2", b"\xff\xff"] {
        let (_architect, rest, _) = architect(raw_response(200, "", answer)).await;
        assert!(matches!(rest.health().await, Err(RestError::BadAnswer { .. })), "{answer:?}");
    }
    let (_architect, rest, _) = architect(b"no HTTP at all\r\n\r\n".to_vec()).await;
    assert!(matches!(rest.health().await, Err(RestError::Transport { .. })));
    // A redirection is not followed.
    let elsewhere = raw_response(307, "location: http://127.0.0.1:1/\r\n", b"");
    let (_architect, rest, _) = architect(elsewhere).await;
    assert!(matches!(rest.health().await, Err(RestError::UnexpectedStatus { status: 307, .. })));
}

#[tokio::test]
async fn answers_over_the_limit_are_not_read() {
    let announced = u64::from(MAX_PAYLOAD_BYTES) + 1;
    let head = format!("HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: {announced}\r\n\r\n");
    let (_architect, rest, _) = architect(head.into_bytes()).await;
    match rest.binary(ID).await {
        Err(RestError::TooLarge { limit, .. }) => assert_eq!(limit, MAX_PAYLOAD_BYTES as usize),
        other => panic!("{other:?}"),
    }
    // JSON without an announced length that goes on and on.
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    endless.resize(80 << 20, b' ');
    let (_architect, rest, _) = architect(endless).await;
    assert!(matches!(rest.health().await, Err(RestError::TooLarge { .. })));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let head = "HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: 1000\r\n\r\n1234";
    let (_architect, rest, _) = architect(head.as_bytes().to_vec()).await;
    assert!(matches!(rest.binary(ID).await, Err(RestError::Transport { .. })));
}

#[tokio::test]
async fn nobody_answers() {
    let silent = Architect::start_with(|_| Vec::new()).await;
    let mut config = silent.config();
    config.timeout_secs = 0.1;
    let rest = Rest::new(&config).unwrap();
    assert!(matches!(rest.health().await, Err(RestError::Timeout { .. })));
    assert!(matches!(rest.binary(ID).await, Err(RestError::Timeout { .. })));
    let address = silent.address;
    drop(silent);
    let error = rest.health().await.unwrap_err();
    assert!(matches!(error, RestError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&format!("no Architect answers at http://{address}: ")), "{error}");
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_not() {
    let (_architect, rest, asked) = architect(response(200, "{}")).await;
    for id in ["", "..", "0123456789abcdef0123456", "0123456789abcdef0123456g", "../../../../../../../etc"] {
        assert!(matches!(rest.asset(id).await, Err(RestError::BadArgument { .. })), "{id}");
    }
    for id in ["", ".", "A/B", "A?b", "Ä"] {
        assert!(matches!(rest.material(id).await, Err(RestError::BadArgument { .. })), "{id}");
    }
    assert!(asked.lock().unwrap().is_empty());
}
