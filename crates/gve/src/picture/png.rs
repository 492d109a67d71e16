//! Pictures as the bytes of a file.

use std::io;

use gve_bake::render::Image;

/// The picture as a PNG with 8 bits per channel.
pub(crate) fn png(image: &Image) -> io::Result<Vec<u8>> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, image.width, image.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&image.to_rgba8())?;
    Ok(png)
}
