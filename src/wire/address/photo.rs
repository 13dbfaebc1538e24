//! Photos of people: `/photo/{id}.jpg`, and which of two sizes is wanted in the query, `?size=96`.

use std::fmt;
use std::str::FromStr;

use super::NotAnAddress;
use crate::ground::id::PhotoId;

/// A photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhotoAddress(pub PhotoId);

impl PhotoAddress {
    /// The address whose last part is `file`, if it is one.
    pub fn of(file: &str) -> Option<Self> {
        file.strip_suffix(".jpg")?.parse().ok().map(Self)
    }
}

impl fmt::Display for PhotoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/photo/{}.jpg", self.0)
    }
}

/// Where pages find a photo, if there is one.
pub fn photo_url(photo: Option<PhotoId>) -> Option<String> {
    photo.map(|photo| PhotoAddress(photo).to_string())
}

/// Which of a photo's two sizes; shown as the number of its pixels on each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoSize {
    /// For a page about one person, and where none is asked for.
    Large,
    /// For lists.
    Small,
}

impl PhotoSize {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Large, Self::Small];

    /// Pixels of each side.
    pub const fn pixels(self) -> u32 {
        match self {
            Self::Large => 320,
            Self::Small => 96,
        }
    }
}

impl FromStr for PhotoSize {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        Self::ALL.into_iter().find(|size| size.to_string() == text).ok_or(NotAnAddress)
    }
}

impl fmt::Display for PhotoSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pixels().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_printed() {
        assert!(PhotoSize::ALL.into_iter().all(|size| size.to_string().parse() == Ok(size)));
        assert!(["", "0", "97", "+96", "096"].into_iter().all(|text| text.parse::<PhotoSize>().is_err()));
    }

    #[test]
    fn a_photo_has_one_address() {
        let address = PhotoAddress(PhotoId([7; 16]));
        assert_eq!(address.to_string(), "/photo/07070707070707070707070707070707.jpg");
        assert_eq!(PhotoAddress::of("07070707070707070707070707070707.jpg"), Some(address));
        for file in ["07070707070707070707070707070707", "0707070707070707070707070707070A.jpg", ".jpg"] {
            assert_eq!(PhotoAddress::of(file), None, "{file}");
        }
    }
}
