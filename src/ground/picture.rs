//! A decoded picture: planar YUV with half-size chroma (I420), 8 bits a sample.

/// A picture as three planes without padding: `width × height` luma, then two of `⌈width/2⌉ × ⌈height/2⌉` chroma.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Luma samples in a row.
    pub width: usize,
    /// Rows of luma.
    pub height: usize,
    /// Luma, `width * height` bytes.
    pub y: Vec<u8>,
    /// Blue difference, `chroma_width * chroma_height` bytes.
    pub u: Vec<u8>,
    /// Red difference, `chroma_width * chroma_height` bytes.
    pub v: Vec<u8>,
}

impl Picture {
    /// A grey picture of that size.
    pub fn grey(width: usize, height: usize) -> Self {
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        Self { width, height, y: vec![128; width * height], u: vec![128; chroma], v: vec![128; chroma] }
    }

    /// Chroma samples in a row.
    pub fn chroma_width(&self) -> usize {
        self.width.div_ceil(2)
    }

    /// Rows of chroma.
    pub fn chroma_height(&self) -> usize {
        self.height.div_ceil(2)
    }
}
