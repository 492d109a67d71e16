//! Putting pictures beside each other.

use image::{RgbaImage, imageops};

/// Pictures of equal size in rows and columns with a gap between them; a missing one stays empty.
pub fn grid(rows: &[Vec<RgbaImage>], gap: u32) -> RgbaImage {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0) as u32;
    let (width, height) = rows.iter().flatten().next().map_or((0, 0), RgbaImage::dimensions);
    let side = |count: u32, length: u32| (count * (length + gap)).saturating_sub(gap);
    let mut sheet = RgbaImage::from_pixel(
        side(columns, width),
        side(rows.len() as u32, height),
        image::Rgba([24, 25, 27, 255]),
    );
    for (row, pictures) in rows.iter().enumerate() {
        for (column, picture) in pictures.iter().enumerate() {
            let x = column as u32 * (width + gap);
            let y = row as u32 * (height + gap);
            imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y));
        }
    }
    sheet
}

/// A picture made smaller, with every pixel counted.
pub fn shrink(picture: &RgbaImage, width: u32) -> RgbaImage {
    let height = (picture.height() * width / picture.width().max(1)).max(1);
    imageops::resize(picture, width, height, imageops::FilterType::Triangle)
}
