//! The first build on a machine that lacks something: what is missing is named at once, with how to mend it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

#[path = "../build/assembly.rs"]
mod assembly;

use assembly::{Known, judge};

/// Runs what stands before rustc on a machine that has these programs; `echo` stands for rustc.
fn build(programs: &[&str], settings: &[(&str, &str)], args: &[&str]) -> Output {
    let machine = tempfile::tempdir().expect("a folder");
    for program in ["sh", "env", "grep", "echo"].iter().chain(programs) {
        // Any program will do for a compiler: it is only looked for.
        let found =
            ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(program)).into_iter().find(|path| path.exists());
        symlink(found.unwrap_or_else(|| "/bin/true".into()), machine.path().join(program)).expect("a link");
    }
    let wrapper = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/rustc");
    let mut command = Command::new(wrapper);
    command.arg("echo").args(args).env_clear().env("PATH", machine.path()).envs(settings.iter().copied());
    command.output().expect("it runs")
}

#[test]
fn a_missing_cpp_compiler_is_named_before_anything_is_built() {
    let refused = build(&[], &[], &["--crate-name", "cfg_if"]);
    let said = String::from_utf8(refused.stderr).expect("text");
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{said}");
    assert!(said.contains("C++ compiler is missing") && said.contains("apt install g++"), "{said}");
    for (programs, settings) in [
        (&["c++"][..], &[][..]),
        (&[], &[("CXX", "clang++")]),
        (&[], &[("CXX_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-g++")]),
        (&[], &[("TARGET_CXX", "x")]),
    ] {
        let built = build(programs, settings, &["--crate-name", "cfg_if"]);
        assert_eq!(
            String::from_utf8(built.stdout).expect("text"),
            "--crate-name cfg_if\n",
            "{programs:?} {settings:?}"
        );
    }
    // What cargo asks about rustc itself it keeps, so a refusal there would stay after a compiler was installed.
    for args in [&["-vV"][..], &["-", "--crate-name", "___", "--print=cfg"]] {
        assert!(build(&[], &[], args).status.success(), "{args:?}");
    }
    let config = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".cargo/config.toml")).expect("there");
    assert!(config.contains("rustc-wrapper = \"build/rustc\""), "cargo runs it");
}

#[test]
fn missing_assembly_is_a_warning_and_an_error_where_it_is_required() {
    let bare = Known { target: "x86_64", ..Known::default() };
    let warning = judge(bare).expect("it is built").expect("and warned of");
    assert!(
        ["half its speed", "install nasm", "cargo clean", "openh264-sys2"].iter().all(|word| warning.contains(word))
    );
    assert!(!warning.contains('\n'), "cargo shows one line");
    let error = judge(Known { is_required: true, ..bare }).expect_err("packages insist");
    assert!(error.contains("nasm is missing") && error.contains(assembly::REQUIRED), "{error}");
    assert!(
        judge(Known { is_required: true, is_left_out: true, ..bare })
            .is_err_and(|error| error.contains(assembly::LEFT_OUT))
    );
    for fine in [
        Known { has_nasm: true, is_required: true, ..bare },
        Known { is_left_out: true, ..bare },
        Known { target: "aarch64", is_required: true, ..bare },
    ] {
        assert_eq!(judge(fine), Ok(None));
    }
}
