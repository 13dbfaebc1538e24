//! What can be typed: of all, and of each command. Which options there are is read from the same texts. Pure.

/// Of all commands.
pub const USAGE: &str = "\
Lareira puts a phone's live video on the family TV.

Usage:
  lareira serve [--config FILE]          the gateway
  lareira demo  [--json] [--seconds N]   a gateway to try out, with a built-in phone that is live
  lareira admin [--config FILE | --data-dir DIR] [--json] VERB …
                                         accounts, users, TVs, phones and shares; `lareira admin` lists the verbs
  lareira check [--config FILE]          whether this machine can run it, and how to mend what can't
  lareira help [COMMAND | VERB]          what one of them does; `--help` behind it says the same
  lareira --version
";

/// Of one command each.
const COMMANDS: [(&str, &str); 3] = [
    (
        "serve",
        "\
lareira serve [--config FILE]

The gateway, until it is told to stop: Ctrl-C, or SIGTERM by a service manager.

  --config FILE   its configuration; otherwise config.toml in this folder, if there is one, and defaults for the rest
  --help          this text
",
    ),
    (
        "demo",
        "\
lareira demo [--json] [--seconds N]

A gateway on free ports of this machine, with a household, a TV, and a built-in phone that is live: open the address it
prints in a browser. What it keeps is gone when it ends (Ctrl-C).

  --json          prints one line of JSON with every address, for programs
  --seconds N     the phone is live for N seconds; otherwise until the end
  --help          this text
",
    ),
    (
        "check",
        "\
lareira check [--config FILE]

Finds out whether this machine can run the gateway: ports, disk, clock, certificate, channels, and how fast video is
encoded and decoded. Says how to mend what can't. Nothing is changed.

  --config FILE   the configuration the gateway will have; otherwise config.toml in this folder, if there is one
  --help          this text
Exit status: 0 it can, 1 something has to be mended, 2 wrong usage.
",
    ),
];

/// The text of one command, if there is such a command and it has one of its own.
pub fn of_command(name: &str) -> Option<&'static str> {
    COMMANDS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The options that a text names, without their dashes, each once.
pub fn options_in(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '`' | '|')) {
        if let Some(name) = word.strip_prefix("--")
            && !found.contains(&name)
        {
            found.push(name);
        }
    }
    found
}

/// Which options there are, for whoever typed another: `--config and --help`.
pub fn listed(options: &[&str]) -> String {
    let names: Vec<String> = options.iter().map(|name| format!("--{name}")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_the_usage_with_its_options() {
        let named: Vec<_> =
            USAGE.lines().filter_map(|line| line.strip_prefix("  lareira ")?.split(' ').next()).collect();
        assert_eq!(named, ["serve", "demo", "admin", "check", "help", "--version"]);
        for (name, text) in COMMANDS {
            let line = USAGE.lines().find(|line| line.starts_with(&format!("  lareira {name}"))).expect("it is there");
            let mut options = options_in(line);
            options.push("help");
            assert_eq!(options_in(text), options, "{name}");
            assert!(
                text.starts_with(&format!("lareira {name} ")) && text.lines().all(|line| line.chars().count() <= 120)
            );
        }
        assert_eq!(listed(&["config", "json", "help"]), "--config, --json and --help");
    }
}
