//! The figures on the screen.

use std::fmt::Write as _;

use bevy::{diagnostic::DiagnosticsStore, prelude::*, time::common_conditions::on_timer};

use super::{ALL, GveDiagnosticsPlugin};

/// Shows the figures of [`GveDiagnosticsPlugin`], which it adds, in the upper right corner of the user interface.
///
/// # Requires
/// Bevy's user interface, part of `DefaultPlugins` where Bevy's feature `bevy_ui` is on.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveOverlayPlugin;

/// Seconds between two looks: quicker ones cannot be read.
const INTERVAL_SECS: f32 = 0.25;

#[derive(Component)]
struct Figures;

impl Plugin for GveOverlayPlugin {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<GveDiagnosticsPlugin>() {
            app.add_plugins(GveDiagnosticsPlugin);
        }
        let interval = std::time::Duration::from_secs_f32(INTERVAL_SECS);
        app.add_systems(Startup, show).add_systems(Update, write.run_if(on_timer(interval)));
    }
}

fn show(mut commands: Commands) {
    let place = Node {
        position_type: PositionType::Absolute,
        right: px(12),
        top: px(10),
        padding: px(6).all(),
        ..default()
    };
    commands.spawn((place, BackgroundColor(Color::BLACK.with_alpha(0.5)))).with_child((
        Figures,
        Text::default(),
        TextFont { font_size: FontSize::Px(13.0), ..default() },
    ));
}

fn write(store: Res<DiagnosticsStore>, mut texts: Query<&mut Text, With<Figures>>) {
    let mut lines = String::new();
    for (path, unit) in ALL {
        if let Some(value) = store.get(&path).and_then(bevy::diagnostic::Diagnostic::value) {
            let name = path.as_str().trim_start_matches("gve/").replace(['/', '_'], " ");
            // A string takes whatever is written into it.
            let _ = writeln!(lines, "{name}  {}{unit}", grouped(value as u64));
        }
    }
    for mut text in &mut texts {
        if text.0 != lines {
            text.0.clone_from(&lines);
        }
    }
}

/// With a thin space before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1 000", "1 234 567"]);
    }
}
