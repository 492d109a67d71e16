//! Help, status and progress on the screen.

use bevy::prelude::*;
use gve_bevy::prelude::*;

/// A line of help at the bottom, a line of status at the top, and a bar of progress below that.
pub struct HudPlugin;

/// What they say.
#[derive(Resource, Debug, Default, Clone, PartialEq)]
pub struct Hud {
    /// Which keys do what.
    pub help: String,
    /// What is going on.
    pub status: String,
    /// How much of something is done, 0 to 1; the bar is hidden without it.
    pub progress: Option<f32>,
}

#[derive(Component)]
enum Line {
    Help,
    Status,
}

/// The filled part of the bar.
#[derive(Component)]
struct Bar;

/// How an asset stands with the Architect, in a line for people.
pub fn net_line(status: &GveNetStatus) -> String {
    let mut line = match status.shown {
        0 => "nothing compiled yet".to_owned(),
        shown => format!("version {shown}"),
    };
    if status.is_stale() {
        line += &format!(", version {} is coming", status.announced);
    }
    if let Some(compiling) = &status.compiling {
        let stage = serde_json::to_value(compiling.stage()).ok();
        let stage = stage.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        line += &format!(": {stage}, {:.0} %", 100.0 * compiling.share);
    }
    if let Some(error) = &status.error {
        line += &format!("; {error}");
    }
    if !status.is_connected {
        line += " (no connection to the Architect)";
    }
    line
}

impl Plugin for HudPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Hud>()
            .add_systems(Startup, build_hud)
            .add_systems(Update, (write_hud, fill_bar).run_if(resource_changed::<Hud>));
    }
}

fn build_hud(mut commands: Commands) {
    let font = TextFont { font_size: FontSize::Px(15.0), ..default() };
    let place = |top: Val, bottom: Val| Node {
        position_type: PositionType::Absolute,
        left: px(12),
        top,
        bottom,
        ..default()
    };
    commands.spawn((Line::Status, Text::default(), font.clone(), place(px(10), auto())));
    commands.spawn((Line::Help, Text::default(), font, place(auto(), px(10))));
    let frame = Node { width: px(360), height: px(8), ..place(px(36), auto()) };
    commands.spawn((frame, BackgroundColor(Color::BLACK.with_alpha(0.35)), Visibility::Hidden)).with_child((
        Bar,
        Node { width: percent(0), height: percent(100), ..default() },
        BackgroundColor(Color::srgb(0.95, 0.62, 0.16)),
    ));
}

fn fill_bar(
    hud: Res<Hud>,
    mut bar: Single<(&mut Node, &ChildOf), With<Bar>>,
    mut frames: Query<&mut Visibility>,
) {
    bar.0.width = percent(100.0 * hud.progress.unwrap_or(0.0));
    if let Ok(mut visibility) = frames.get_mut(bar.1.parent()) {
        *visibility = if hud.progress.is_some() { Visibility::Inherited } else { Visibility::Hidden };
    }
}

fn write_hud(hud: Res<Hud>, mut lines: Query<(&Line, &mut Text)>) {
    for (line, mut text) in &mut lines {
        let wanted = match line {
            Line::Help => &hud.help,
            Line::Status => &hud.status,
        };
        text.0.clone_from(wanted);
    }
}
