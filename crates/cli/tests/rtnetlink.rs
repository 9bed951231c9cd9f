//! Addresses, routes, neighbours and rules on the command line, on Linux: dumped, looked up, added; the JSON is ynl's.

use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};

/// What a script prints in a network namespace of its own, `$1` being the command; `None` where there can be none.
fn unshared(script: &str) -> Option<String> {
    let works =
        |words: &[&str]| Command::new(words[0]).args(&words[1..]).output().is_ok_and(|output| output.status.success());
    if !works(&["ip", "-V"]) || !works(&["unshare", "-Urn", "true"]) {
        let _ = writeln!(std::io::stderr(), "skipped: rtnetlink by the command: no ip here, or no user namespaces");
        return None;
    }
    let mut sh = Command::new("unshare");
    sh.args(["-Urn", "sh", "-ec", script, "sh", env!("CARGO_BIN_EXE_netloom")]);
    let output = sh.env_remove("NETLOOM_KERNEL").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

const MADE: &str = "
    ip link set lo up
    ip link add v0 type veth peer name v1
    ip link set v0 up
    ip addr add 192.0.2.1/24 dev v0
    ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0";

#[test]
fn each_family_is_dumped_as_ynl_shows_it() {
    let dumps = r#"
        "$1" dump rt-addr getaddr '{"ifa-family": 2, "ifa-index": 1}' --json
        "$1" dump rt-route getroute '{"rtm-family": 2, "table": 254}' --json
        "$1" dump rt-neigh getneigh '{"ndm-family": 2}' --json
        "$1" dump rt-rule getrule '{"family": 2}' --json"#;
    let Some(out) = unshared(&format!("{MADE}{dumps}")) else { return };
    let lists: Vec<Value> =
        serde_json::Deserializer::from_str(&out).into_iter::<Value>().collect::<Result<_, _>>().unwrap();
    let [addresses, routes, neighbours, rules] = &lists[..] else { panic!("{out}") };
    let address = &addresses[0];
    assert_eq!((&address["address"], &address["ifa-scope"]), (&json!("127.0.0.1"), &json!("host")));
    assert_eq!((&address["flags"], &address["label"]), (&json!(["permanent"]), &json!("lo")));
    let forever = json!(u32::MAX);
    assert_eq!(address["cacheinfo"]["ifa-valid"], forever);
    let route = &routes[0];
    assert_eq!((&route["dst"], &route["rtm-dst-len"], &route["table"]), (&json!("192.0.2.0"), &json!(24), &json!(254)));
    assert_eq!((&route["rtm-protocol"], &route["prefsrc"]), (&json!("kernel"), &json!("192.0.2.1")));
    let found = |neighbour: &&Value| neighbour["dst"] == "192.0.2.9";
    let neighbour = neighbours.as_array().unwrap().iter().find(found).unwrap();
    assert_eq!((&neighbour["lladdr"], &neighbour["ndm-state"]), (&json!("02:00:00:00:00:09"), &json!(["permanent"])));
    let tables: Vec<_> = rules.as_array().unwrap().iter().map(|rule| &rule["table"]).collect();
    assert_eq!(tables, [255, 254, 253]);
    assert_eq!(rules[0]["action"], "to-tbl");
}

#[test]
fn what_is_added_by_the_command_is_shown_by_ip() {
    let script = r#"
        "$1" do rt-addr newaddr --create '{"ifa-family": 2, "ifa-prefixlen": 32, "ifa-index": 1, "local": "10.0.0.1"}'
        "$1" do rt-route newroute --create '{"rtm-family": 2, "rtm-dst-len": 16, "dst": "10.1.0.0", "table": 1000,
            "rtm-type": "unicast", "rtm-protocol": "bgp", "metrics": {"mtu": 1400},
            "multipath": [{"rtnh-ifindex": 3, "gateway": "192.0.2.9"}, {"rtnh-ifindex": 3, "rtnh-hops": 4, "gateway": "192.0.2.8"}]}'
        "$1" do rt-neigh newneigh --create '{"ndm-family": 2, "ndm-ifindex": 3, "ndm-state": ["permanent"], "dst": "192.0.2.7", "lladdr": "02:00:00:00:00:07"}'
        "$1" do rt-rule newrule --create '{"family": 2, "action": "to-tbl", "table": 1000, "priority": 9, "fwmark": 5}'
        "$1" do rt-route getroute '{"rtm-family": 2, "rtm-dst-len": 32, "dst": "10.1.2.3", "mark": 5}' --json
        ip -o addr show dev lo; ip route show table 1000; ip neigh; ip rule"#;
    let Some(out) = unshared(&format!("{MADE}{script}")) else { return };
    let (found, rest) = out.split_once('\n').unwrap();
    let found: Value = serde_json::from_str(found).unwrap();
    assert_eq!((&found["oif"], &found["dst"]), (&json!(3), &json!("10.1.2.3")));
    for shown in [
        "inet 10.0.0.1/32",
        "10.1.0.0/16 proto bgp",
        "nexthop via 192.0.2.8 dev v0 weight 5",
        "192.0.2.7 dev v0 lladdr 02:00:00:00:00:07 PERMANENT",
        "from all fwmark 0x5 lookup 1000",
    ] {
        assert!(rest.contains(shown), "{shown}: {rest}");
    }
}
