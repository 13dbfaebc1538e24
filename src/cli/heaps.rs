//! Few heaps. For every few threads the C library (glibc) keeps a heap of its own, and each stays as large as it ever was: a
//! film that is converted on one thread and a photo on another cost their memory twice. The gateway has dozens of threads
//! that do little, and often little memory, so it lives with two heaps. That can only be said to a program before it begins
//! (mallopt(3), `MALLOC_ARENA_MAX`), so it begins once more.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Where the number of heaps stands. Whoever has set it is believed.
const NAME: &str = "MALLOC_ARENA_MAX";
/// One for the event loop, which is where most of the work is done, and one for all others.
const HEAPS: &str = "2";

/// Begins the program again with few heaps, in the same process, if it has not begun so. Returns where it has, and where that
/// can't be done, which is no reason not to serve.
pub(super) fn begin_with_few() {
    if std::env::var_os(NAME).is_some() {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) else { return };
    let error = Command::new(program).arg0(name).args(arguments).env(NAME, HEAPS).exec();
    super::complain(&format_args!("memory will not be as small as it might be ({error})"));
}
