//! What of the gateway is announced on the home network: names and doors that others can reach, and no others.

use crate::admin::addresses::Doors;
use crate::config::Config;
use crate::executor::Executor;
use crate::mdns::{Kind, Networks, Presence, Service, Settings};

/// Numbers that a name may get where others have it: certificates and pages know it by these, too.
const OTHERS: std::ops::RangeInclusive<u8> = 2..=4;

/// The names it may have on the network; none if it is not announced.
pub(super) fn names(config: &Config) -> Vec<String> {
    if !config.mdns.enabled {
        return Vec::new();
    }
    let name = &config.mdns.name;
    let others = OTHERS.map(|number| format!("{name}-{number}.local"));
    std::iter::once(format!("{name}.local")).chain(others).collect()
}

/// What is to be announced; `None` where nobody else could come in, or the owner doesn't want it.
fn settings(config: &Config, doors: Doors) -> Option<Settings> {
    let mdns = &config.mdns;
    let at = doors.http.ip();
    if !mdns.enabled {
        return None;
    }
    let networks = match () {
        () if !mdns.interfaces.is_empty() => Networks::Named(mdns.interfaces.clone()),
        () if at.is_loopback() => return None,
        () if at.is_unspecified() => Networks::All,
        () => Networks::Of(at),
    };
    let all = [(Kind::Http, Some(doors.http)), (Kind::Https, doors.https), (Kind::Rtsp, Some(doors.rtsp))];
    let services = all.into_iter().filter_map(|(kind, door)| {
        // A door that is open for one network alone is not announced in others.
        let door = door.filter(|door| door.ip().is_unspecified() || door.ip() == at)?;
        Some(Service { kind, port: door.port() })
    });
    let name = mdns.name.to_string();
    let ipv6 = at.is_ipv6();
    Some(Settings { name, networks, ipv6, services: services.collect() })
}

/// Announces the gateway as `config` says. Without it the gateway is reached by its addresses.
pub(super) fn announce(config: &Config, doors: Doors, executor: &Executor) -> Option<Presence> {
    let settings = settings(config, doors)?;
    Presence::announce(&settings, executor).inspect_err(|error| log::error!("mdns: {error}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors(http: &str, https: &str, rtsp: &str) -> Doors {
        let address = |text: &str| text.parse().expect("an address");
        Doors { http: address(http), https: Some(address(https)), rtsp: address(rtsp), rtsps: None }
    }

    fn announced(config: &str, doors: Doors) -> Option<Settings> {
        settings(&toml::from_str(config).expect("a configuration"), doors)
    }

    #[test]
    fn what_others_can_reach_is_announced() {
        let all = doors("0.0.0.0:8080", "0.0.0.0:8443", "0.0.0.0:8554");
        let told = announced("", all).expect("it is announced");
        assert_eq!((told.name.as_str(), told.networks, told.ipv6), ("lareira", Networks::All, false));
        let services: Vec<_> = told.services.iter().map(|service| (service.kind, service.port)).collect();
        assert_eq!(services, [(Kind::Http, 8080), (Kind::Https, 8443), (Kind::Rtsp, 8554)]);
        assert!(announced("", doors("[::]:80", "[::]:443", "[::]:554")).is_some_and(|told| told.ipv6));

        let one = announced("", doors("192.168.1.2:8080", "127.0.0.1:8443", "0.0.0.0:8554")).expect("it is announced");
        assert_eq!(one.networks, Networks::Of("192.168.1.2".parse().expect("an address")));
        assert_eq!(one.services.len(), 2, "HTTPS is for this machine alone: {one:?}");

        assert_eq!(announced("", doors("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")), None, "nobody else can come");
        assert_eq!(announced("[mdns]\nenabled = false", all), None);
        let named = announced("[mdns]\ninterfaces = [\"lo\"]", doors("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"));
        let named = named.expect("the owner said where");
        assert_eq!((named.networks, named.services.len()), (Networks::Named(vec!["lo".into()]), 3));
    }

    #[test]
    fn names_are_labels_and_known_with_a_number() {
        let names = |config| names(&toml::from_str(config).expect("a configuration"));
        assert_eq!(names("")[..2], ["lareira.local", "lareira-2.local"]);
        assert_eq!(names("[mdns]\nname = \"Sala\"")[0], "sala.local");
        assert!(names("[mdns]\nenabled = false").is_empty());
        let long = "x".repeat(61);
        for bad in ["", "a b", "-a", "a-", "lareira.local", "ção", &long] {
            let error = toml::from_str::<Config>(&format!("[mdns]\nname = \"{bad}\"")).expect_err(bad);
            assert!(error.to_string().contains("letters, digits and hyphens"), "{error}");
        }
    }
}
