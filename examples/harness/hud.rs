//! Help and status on the screen.

use bevy::prelude::*;

/// A line of help at the bottom and a line of status at the top.
pub struct HudPlugin;

/// What the two lines say.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq)]
pub struct Hud {
    /// Which keys do what.
    pub help: String,
    /// What is going on.
    pub status: String,
}

#[derive(Component)]
enum Line {
    Help,
    Status,
}

impl Plugin for HudPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Hud>()
            .add_systems(Startup, build_hud)
            .add_systems(Update, write_hud.run_if(resource_changed::<Hud>));
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
