use bytes::Bytes;
use gve_types::compile::CompileStage;
use proptest::prelude::*;

use super::*;
use crate::link::LinkError;

fn queue(wanted: &[u64]) -> Queue {
    let mut queue = Queue::new(1 << 20);
    wanted.iter().for_each(|id| queue.subscribe(*id));
    queue
}

fn bump(id: u64, version: u32) -> ServerFrame {
    ServerFrame::VersionBump { id, version }
}

fn progress(id: u64, version: u32, share: f32) -> ServerFrame {
    ServerFrame::AssetProgress { id, version, stage: CompileStage::SplatTrain, share }
}

fn ready(id: u64, version: u32) -> ServerFrame {
    finer(id, version, 0)
}

/// A binary whose header says how far it was worked out.
fn finer(id: u64, version: u32, refinement: u8) -> ServerFrame {
    let mut bytes = vec![1; 100];
    bytes[..8].copy_from_slice(&[b'G', b'V', b'E', b'1', 2, 0, refinement, 0]);
    ServerFrame::AssetReady { id, version, bytes: Bytes::from(bytes) }
}

fn invalid(id: u64, version: u32, message: &str) -> ServerFrame {
    ServerFrame::AssetInvalid { id, version, message: message.to_owned() }
}

/// All that waits, in short.
fn drain(queue: &mut Queue) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(message) = queue.next() {
        lines.push(match message {
            AssetMessage::Announced { id, version } => format!("{id} announced {version}"),
            AssetMessage::Progress { id, version, share, .. } => format!("{id} progress {version} {share}"),
            AssetMessage::Ready { id, version, bytes } => match refinement_of(&bytes) {
                0 => format!("{id} ready {version}"),
                refinement => format!("{id} ready {version} refined {refinement}"),
            },
            AssetMessage::Invalid { id, version, message } => format!("{id} invalid {version} {message}"),
            AssetMessage::Reset { id, version } => format!("{id} reset {version}"),
            AssetMessage::Connected => "connected".to_owned(),
            AssetMessage::Disconnected { error, .. } => format!("disconnected {error}"),
        });
    }
    assert_eq!(queue.held_bytes, 0, "an empty queue holds nothing");
    lines
}

#[test]
fn a_compile_from_announcement_to_binary() {
    let mut queue = queue(&[1]);
    for frame in [bump(1, 2), progress(1, 2, 0.5)] {
        queue.receive(frame);
    }
    assert!(queue.versions(1).is_stale());
    assert_eq!(drain(&mut queue), ["1 announced 2", "1 progress 2 0.5"]);
    queue.receive(ready(1, 2));
    assert!(queue.versions(1).is_stale(), "until it is taken out");
    assert_eq!(drain(&mut queue), ["1 ready 2"]);
    assert!(!queue.versions(1).is_stale());
}

#[test]
fn progress_collapses_to_the_newest() {
    let mut queue = queue(&[1]);
    (0..=100).for_each(|i| queue.receive(progress(1, 2, i as f32 / 100.0)));
    assert_eq!(drain(&mut queue), ["1 announced 2", "1 progress 2 1"]);
}

#[test]
fn a_binary_that_waits_gives_way_to_a_newer_version() {
    let mut queue = queue(&[1]);
    queue.receive(ready(1, 2));
    queue.receive(bump(1, 3));
    assert_eq!(queue.held_bytes, 0);
    assert_eq!(drain(&mut queue), ["1 announced 3"]);
    assert_eq!(queue.versions(1), AssetVersions { announced: 3, ..AssetVersions::default() });
    queue.receive(ready(1, 2));
    queue.receive(ready(1, 3));
    queue.receive(ready(1, 4));
    assert_eq!(drain(&mut queue), ["1 ready 4"]);
}

#[test]
fn a_binary_that_is_loaded_does_not_come_again_unless_it_is_asked_for() {
    let mut queue = queue(&[1]);
    queue.receive(ready(1, 2));
    assert_eq!(drain(&mut queue), ["1 ready 2"]);
    queue.receive(ready(1, 2));
    assert_eq!(drain(&mut queue), Vec::<String>::new());
    assert_eq!(queue.next_unsent(), Some(1));
    assert_eq!(queue.next_unsent(), None);
    queue.reload(1);
    assert_eq!(queue.next_unsent(), Some(1));
    queue.receive(ready(1, 2));
    assert_eq!(drain(&mut queue), ["1 ready 2"]);
}

#[test]
fn a_finer_binary_of_the_same_version_follows_and_a_coarser_one_does_not() {
    let mut queue = queue(&[1]);
    queue.receive(ready(1, 2));
    assert_eq!(drain(&mut queue), ["1 ready 2"]);
    queue.receive(finer(1, 2, 2));
    assert_eq!(drain(&mut queue), ["1 ready 2 refined 2"]);
    for refinement in [0, 1, 2] {
        queue.receive(finer(1, 2, refinement));
    }
    assert_eq!(drain(&mut queue), Vec::<String>::new());
}

#[test]
fn a_binary_that_waits_gives_way_only_to_what_is_newer_or_finer() {
    let mut queue = queue(&[1]);
    queue.receive(finer(1, 3, 1));
    queue.receive(finer(1, 3, 0));
    queue.receive(finer(1, 2, 2));
    assert_eq!(drain(&mut queue), ["1 ready 3 refined 1"]);
    queue.receive(finer(1, 4, 0));
    queue.receive(finer(1, 4, 2));
    assert_eq!(drain(&mut queue), ["1 ready 4 refined 2"]);
}

#[test]
fn assets_take_turns() {
    let mut queue = queue(&[1, 2]);
    for frame in [bump(1, 2), ready(1, 2), bump(2, 5), ready(2, 5)] {
        queue.receive(frame);
    }
    assert_eq!(drain(&mut queue), ["1 announced 2", "2 announced 5", "1 ready 2", "2 ready 5"]);
}

#[test]
fn of_what_is_not_subscribed_only_announcements_and_errors_come() {
    let mut queue = queue(&[1]);
    for frame in [bump(2, 7), progress(2, 7, 0.5), ready(2, 7), invalid(2, 7, "no"), bump(2, 8), bump(2, 6)] {
        queue.receive(frame);
    }
    assert_eq!(drain(&mut queue), ["2 invalid 7 no", "2 announced 8"]);
    assert_eq!(queue.versions(2), AssetVersions::default());
    queue.receive(ready(1, 3));
    queue.unsubscribe(1);
    assert_eq!(drain(&mut queue), Vec::<String>::new());
}

#[test]
fn subscribing_again_does_not_bring_back_what_is_outdated() {
    let mut queue = queue(&[1]);
    queue.receive(ready(1, 3));
    queue.receive(bump(1, 4));
    drain(&mut queue);
    queue.unsubscribe(1);
    queue.subscribe(1);
    queue.receive(ready(1, 3));
    queue.receive(ready(1, 4));
    assert_eq!(drain(&mut queue), ["1 ready 4"]);
}

#[test]
fn the_newest_errors_are_kept() {
    let mut queue = queue(&[1]);
    (0..20).for_each(|i| queue.receive(invalid(1, 1, &i.to_string())));
    let lines = drain(&mut queue);
    assert_eq!(lines.len(), MAX_ERRORS);
    assert_eq!(lines.first().map(String::as_str), Some("1 invalid 1 12"));
    assert_eq!(lines.last().map(String::as_str), Some("1 invalid 1 19"));
}

#[test]
fn losses_of_the_connection_are_told_once() {
    let mut queue = queue(&[1, 2]);
    let lost =
        |secs: f32| AssetMessage::Disconnected { error: LinkError::Silent { secs }, retry_in_secs: 0.0 };
    queue.connected();
    (0..5).for_each(|i| queue.disconnected(lost(i as f32)));
    assert_eq!(queue.next(), Some(lost(4.0)));
    assert_eq!(queue.next(), None);
    queue.next_unsent();
    queue.connected();
    assert_eq!([queue.next_unsent(), queue.next_unsent(), queue.next_unsent()], [Some(1), Some(2), None]);
}

#[test]
fn a_reset_asset_is_loaded_anew() {
    let mut queue = queue(&[1]);
    queue.receive(ready(1, 9));
    drain(&mut queue);
    queue.receive(ready(1, 1));
    assert_eq!(drain(&mut queue), Vec::<String>::new());
    queue.rebase(1, 1);
    queue.receive(ready(1, 1));
    assert_eq!(drain(&mut queue), ["1 reset 1", "1 ready 1"]);
}

#[test]
fn strangers_do_not_fill_the_memory() {
    let mut queue = queue(&[1]);
    for id in 2..2 + 2 * MAX_STRANGERS as u64 {
        queue.receive(invalid(id, 1, "x"));
    }
    assert_eq!(queue.assets.len(), MAX_STRANGERS);
    queue.receive(bump(1, 2));
    assert_eq!(drain(&mut queue).len(), MAX_STRANGERS + 1);
}

#[derive(Debug, Clone)]
enum Step {
    Receive(ServerFrame),
    Take,
    Unsubscribe(u64),
    Subscribe(u64),
    Reload(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (id, version) = (1..=3_u64, 1..=6_u32);
    let frame = prop_oneof![
        (id.clone(), version.clone()).prop_map(|(id, v)| bump(id, v)),
        (id.clone(), version.clone(), 0.0..=1.0_f32).prop_map(|(id, v, share)| progress(id, v, share)),
        (id.clone(), version.clone(), 0..=2_u8).prop_map(|(id, v, refinement)| finer(id, v, refinement)),
        (id.clone(), version).prop_map(|(id, v)| invalid(id, v, "x")),
    ];
    let step = prop_oneof![
        6 => frame.prop_map(Step::Receive),
        4 => Just(Step::Take),
        1 => id.clone().prop_map(Step::Unsubscribe),
        1 => id.clone().prop_map(Step::Subscribe),
        1 => id.prop_map(Step::Reload),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    /// Whatever arrives, is taken out and is asked for, in whatever order.
    #[test]
    fn nothing_outdated_comes_out_and_nothing_piles_up(steps in steps()) {
        let mut queue = queue(&[1, 2]);
        let mut heard_of = HashMap::<u64, u32>::new();
        for step in steps {
            match step {
                Step::Receive(frame) => {
                    if let ServerFrame::VersionBump { id, version } = frame && queue.wanted.contains(&id) {
                        let newest = heard_of.entry(id).or_default();
                        *newest = version.max(*newest);
                    }
                    queue.receive(frame);
                }
                Step::Take => {
                    let before: Vec<_> = (1..=3).map(|id| queue.versions(id)).collect();
                    if let Some(AssetMessage::Ready { id, version, bytes }) = queue.next() {
                        let refinement = refinement_of(&bytes);
                        let loaded = before[id as usize - 1];
                        prop_assert!(version >= heard_of.get(&id).copied().unwrap_or(0));
                        prop_assert!((version, refinement) > (loaded.loaded, loaded.refinement));
                        let now = AssetVersions { announced: version, loaded: version, refinement };
                        prop_assert_eq!(queue.versions(id), now);
                    }
                }
                Step::Unsubscribe(id) => queue.unsubscribe(id),
                Step::Subscribe(id) => queue.subscribe(id),
                Step::Reload(id) => queue.reload(id),
            }
            for waiting in queue.assets.values() {
                let kinds: Vec<_> = waiting.iter().map(std::mem::discriminant).collect();
                for (message, kind) in waiting.iter().zip(&kinds) {
                    let most = if matches!(message, AssetMessage::Invalid { .. }) { MAX_ERRORS } else { 1 };
                    let found = kinds.iter().filter(|other| *other == kind).count();
                    prop_assert!(found <= most, "{} of {:?}", found, message);
                }
            }
            let held: usize = queue.assets.values().flatten().map(AssetMessage::held_bytes).sum();
            prop_assert_eq!(held, queue.held_bytes);
            prop_assert!(queue.turns.len() <= 3);
        }
        drain(&mut queue);
    }
}
