//! The arguments every example takes.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

/// Arguments of every example.
#[derive(Args, Debug, Clone)]
pub struct CommonArgs {
    /// Open no window: write pictures and exit.
    #[arg(long, requires = "out")]
    pub headless: bool,
    /// The folder for the pictures.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Width and height of one picture in pixels.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub size: u32,
}

impl CommonArgs {
    /// The folder for the pictures, made if missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn out_dir(&self) -> anyhow::Result<PathBuf> {
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("out"));
        std::fs::create_dir_all(&out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        Ok(out)
    }
}
