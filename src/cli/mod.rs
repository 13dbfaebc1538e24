//! The command line: what is typed becomes a call of the gateway or of the steward; what comes back is printed.

use std::process::ExitCode;

pub mod admin;
pub mod check;
pub mod demo;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    ExitCode::FAILURE
}
