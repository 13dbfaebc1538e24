//! What the owner may ask of the gateway: the verbs of `lareira admin`, and the socket they come by.
//!
//! `verbs` carries them out, whether they come over the control socket, from the owner's page, or on the spot while no
//! gateway runs. No HTTP here: whoever asks is known already.

pub mod addresses;
pub mod control;
pub mod verbs;
