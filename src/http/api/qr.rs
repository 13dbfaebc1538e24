//! Addresses as pictures for phones (ISO/IEC 18004).

use fast_qr::QRBuilder;
use fast_qr::convert::Builder as _;
use fast_qr::convert::svg::SvgBuilder;

use crate::ground::reply::Reply;
use crate::http::api::failure::Failure;
use crate::http::request::Request;

/// Colour of the dark squares.
const COLOUR: [u8; 4] = [0x24, 0x12, 0x07, 0xFF];

/// Digits of the longest code.
const CODE_DIGITS: usize = 16;

/// The code in the query that a picture is asked for. Nothing longer: a picture takes the longer, the more is in it.
pub(in crate::http) fn code(request: &Request) -> Result<&str, Failure> {
    let is_code = |code: &&str| code.len() <= CODE_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
    request.parameter("code").filter(is_code).ok_or(Failure::NotFound)
}

/// The picture of `text` as SVG, on nothing; `None` if it is too long for one.
pub(in crate::http) fn picture(text: &str) -> Option<Reply> {
    let squares = QRBuilder::new(text).build().ok()?;
    let mut svg = SvgBuilder::default();
    svg.margin(3).background_color([0, 0, 0, 0]).module_color(COLOUR);
    Some(Reply::bytes(200, "image/svg+xml", svg.to_str(&squares)))
}
