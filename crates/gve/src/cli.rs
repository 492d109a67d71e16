//! The command line: what can be asked for, and how an answer or a failure leaves the program.

use std::{ffi::OsString, io::IsTerminal as _, path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};

use crate::{
    architect::args::{PushArgs, SearchArgs, WatchArgs},
    args::{BakeArgs, ConvertArgs, LowerArgs, NewArgs, RenderArgs},
    commands::{bake, convert, inspect, lower, new, push, render, search, verify, watch},
    failure::Failure,
    output::Output,
    report, signals,
};

/// What the help of each command ends with.
mod examples {
    pub(super) const GVE: &str = "Examples:
  gve new \"Oak stool\"
  gve render oak_stool.gve.json -o oak_stool.png
  gve bake oak_stool.gve.json -o oak_stool.gve_bin
`gve help COMMAND` says more about each command.";
    pub(super) const BAKE: &str = "Examples:
  gve bake chair.gve.json -o chair.gve_bin
  gve bake chair.gve.json -o preview.gve_bin --resolution 64 --splats 20000
  generate-chair | gve bake - -o chair.gve_bin";
    pub(super) const INSPECT: &str = "Examples:
  gve inspect chair.gve_bin
  gve --json inspect chair.gve_bin | jq .mass.mass_kg";
    pub(super) const VERIFY: &str = "Example:
  gve verify assets/*.gve_bin";
    pub(super) const RENDER: &str = "Examples:
  gve render chair.gve.json -o chair.png
  gve render chair.gve_bin -o chair.png --size 1024x768 --view=-60,10
  gve render chair.gve_bin --content volume -o - | display";
    pub(super) const CONVERT: &str = "Examples:
  gve convert chair.gve_bin -o chair.glb
  gve convert chair.gve_bin -o chair.spz
  gve convert scan.ply -o scan.spz --spz-version 4
  gve convert scan.ply -o scan.gve_bin --material WOOD_OAK
The extensions say the formats: splats are read from .gve_bin, .ply, .spz, .glb and .gltf,
and written as .gve_bin, .ply, .spz and .glb; the mesh of a .gve_bin is written as .glb,
.obj (with an .mtl beside it), .stl and .3mf. docs/interchange.md says what is kept.";
    pub(super) const LOWER: &str = "Examples:
  gve lower chair.gve.json --to tape
  gve lower chair.gve.json --to wgsl -o chair.wgsl";
    pub(super) const NEW: &str = "Examples:
  gve new \"Oak stool\"
  gve new Lantern --category architecture -o street/lantern.gve.json";
    pub(super) const PUSH: &str = "Examples:
  gve push chair.gve.json
  gve push assets/*.gve.json --iterations 0 --server http://studio:8420";
    pub(super) const WATCH: &str = "Examples:
  gve watch assets
  gve watch chair.gve.json table.gve.json --fast";
    pub(super) const SEARCH: &str = "Example:
  gve search \"a chair of oak\" --limit 3";
    pub(super) const COMPLETIONS: &str = "Example:
  gve completions bash > ~/.local/share/bash-completion/completions/gve";
}

/// Bake, inspect, verify, draw and lower GVE-1 assets; push, watch and search them on an Architect.
#[derive(Parser)]
#[command(name = "gve", version, arg_required_else_help = true, after_help = examples::GVE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON document, for machines; failures too.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Bake a recipe into a `.gve_bin`.
    #[command(after_help = examples::BAKE)]
    Bake(BakeArgs),
    /// Say what a `.gve_bin` holds.
    #[command(after_help = examples::INSPECT)]
    Inspect {
        /// The file.
        file: PathBuf,
    },
    /// Check every byte of `.gve_bin` files; exit with 1 if one is bad.
    #[command(after_help = examples::VERIFY)]
    Verify {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Draw a recipe or a `.gve_bin` without a GPU.
    #[command(after_help = examples::RENDER)]
    Render(RenderArgs),
    /// Turn splats and meshes into the formats of other programs, and their splats into ours.
    #[command(after_help = examples::CONVERT)]
    Convert(ConvertArgs),
    /// Lower a recipe to its scalar program.
    #[command(after_help = examples::LOWER)]
    Lower(LowerArgs),
    /// Write a small recipe to start from.
    #[command(after_help = examples::NEW)]
    New(NewArgs),
    /// Save recipes to an Architect, and follow their compiles.
    #[command(after_help = examples::PUSH)]
    Push(PushArgs),
    /// Push recipes whenever they change, until Ctrl-C; with --json one document a line.
    #[command(after_help = examples::WATCH)]
    Watch(WatchArgs),
    /// Find assets of an Architect by what they are.
    #[command(after_help = examples::SEARCH)]
    Search(SearchArgs),
    /// Print the completions of a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the program: 0 when all went well, 1 for bad input, 2 for a wrong command line.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &args),
    };
    let mut output = Output::new(cli.json);
    if let Err(failure) = signals::clean_up_on_end() {
        fail(&failure, &mut output);
        return ExitCode::from(1);
    }
    match dispatch(cli.command, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            fail(&failure, &mut output);
            ExitCode::from(1)
        }
    }
}

fn dispatch(command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Bake(args) => bake::run(&args, output),
        Command::Inspect { file } => inspect::run(&file, output),
        Command::Verify { files } => verify::run(&files, output),
        Command::Render(args) => render::run(&args, output),
        Command::Convert(args) => convert::run(&args, output),
        Command::Lower(args) => lower::run(&args, output),
        Command::New(args) => new::run(&args, output),
        Command::Push(args) => push::run(&args, output),
        Command::Watch(args) => watch::run(&args, output),
        Command::Search(args) => search::run(&args, output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gve", &mut script);
            output.verbatim(&String::from_utf8_lossy(&script))
        }
    }
}

fn fail(failure: &Failure, output: &mut Output) {
    // When neither channel takes the message, the exit code is all that is left to say.
    if output.json() {
        let _ = output.document(&report::json::error(failure));
    } else {
        let _ = output.note(&report::snippet::render(failure, std::io::stderr().is_terminal()));
    }
}

/// Help and version are answers; everything else that clap stops at is a wrong command line.
fn usage(error: &clap::Error, args: &[OsString]) -> ExitCode {
    let wanted_json = args.iter().any(|a| a == "--json");
    if error.use_stderr()
        && wanted_json
        && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    {
        let rendered = error.render().to_string();
        let message = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ");
        fail(&Failure::new("usage", message), &mut Output::new(true));
    } else if error.print().is_err() {
        // The reader has gone; there is nobody left to tell.
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
