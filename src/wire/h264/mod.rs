//! H.264 (ITU-T H.264): NAL units, parameter sets, access units and the order of decoding. Nothing here decodes pictures.

pub mod access_unit;
pub mod annex_b;
pub mod format;
pub mod order;
pub mod params;
mod references;
pub mod renumber;

/// `nal_unit_type` values (H.264, table 7-1) that this room tells apart.
pub mod nal_type {
    /// Slice of a picture that is no IDR picture.
    pub const SLICE: u8 = 1;
    /// First of the slice data partitions; B and C follow.
    pub const PARTITION_A: u8 = 2;
    /// Slice of an IDR picture: decoding can start here.
    pub const IDR: u8 = 5;
    /// Supplemental enhancement information.
    pub const SEI: u8 = 6;
    /// Sequence parameter set.
    pub const SPS: u8 = 7;
    /// Picture parameter set.
    pub const PPS: u8 = 8;
    /// Access unit delimiter.
    pub const DELIMITER: u8 = 9;
    /// Prefix of a slice in scalable streams; types 14 to 18 begin an access unit too.
    pub const PREFIX: u8 = 14;
}

/// The `nal_unit_type` of a NAL unit's first byte.
pub fn kind(header: u8) -> u8 {
    header & 0x1F
}

/// Whether a NAL unit of this kind carries a part of a picture (VCL, types 1 to 5).
pub fn is_picture(kind: u8) -> bool {
    (nal_type::SLICE..=nal_type::IDR).contains(&kind)
}

/// Whether a NAL unit of this kind, after a picture's slices, begins the next access unit (H.264, 7.4.1.2.3).
pub fn begins_access_unit(kind: u8) -> bool {
    (nal_type::SEI..=nal_type::DELIMITER).contains(&kind) || (nal_type::PREFIX..=18).contains(&kind)
}

/// Whether a slice NAL unit is its picture's first: `first_mb_in_slice` is 0, which Exp-Golomb writes as a single 1.
pub fn is_first_slice(nal: &[u8]) -> bool {
    nal.get(1).is_some_and(|byte| byte & 0x80 != 0)
}

/// The NAL units of an access unit in which each stands behind its length in four bytes. Ends at the first lying length.
pub fn nal_units(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk::<4>()?;
        let nal = rest.get(..u32::from_be_bytes(*length) as usize)?;
        data = &rest[nal.len()..];
        Some(nal)
    })
}
