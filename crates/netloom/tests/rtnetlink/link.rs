use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, Command, Stdio};

use netloom::families::rt_link::{Link, LinkFlags, OperState};
use netloom::rtnetlink::{MacAddr, link, nsid};
use netloom::{Connection, Errno};
use serde_json::{Map, Value, json};

use crate::shells::Shell;
use crate::{in_each_shell, names, open, run, same_when_steady, say, shown, well_read, works};

in_each_shell! { link: what_ip_has_made_is_read what_we_make_and_change_ip_shows an_interface_moves_to_another_namespace
what_is_made_is_told_by_its_index_wherever_it_is }

/// An interface as `ip -d -j link` shows it, but for what its kind alone has.
fn as_ip(link: &Link, name: &dyn Fn(u32) -> String) -> Value {
    let header = link.header;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("ifindex", json!(header.ifi_index));
    put("ifname", json!(link.ifname));
    for (index, key) in [(link.link, "link"), (link.master, "master")] {
        if let Some(index) = index.filter(|index| *index != 0) {
            put(key, json!(name(index)));
        }
    }
    // ip counts "no carrier" as a flag.
    let no_carrier = link::is_up(link) && !header.ifi_flags.contains(LinkFlags::RUNNING);
    let flags = [
        LinkFlags::LOOPBACK,
        LinkFlags::BROADCAST,
        LinkFlags::POINTOPOINT,
        LinkFlags::MULTICAST,
        LinkFlags::NOARP,
        LinkFlags::ALLMULTI,
        LinkFlags::PROMISC,
        LinkFlags::UP,
        LinkFlags::LOWER_UP,
    ];
    let flags = flags.into_iter().filter(|flag| header.ifi_flags.contains(*flag));
    let flags = no_carrier
        .then(|| "NO-CARRIER".to_owned())
        .into_iter()
        .chain(flags.map(|flag| format!("{flag:?}").to_uppercase().replace('-', "_")));
    put("flags", json!(flags.collect::<Vec<_>>()));
    for (value, key) in [
        (link.mtu, "mtu"),
        (link.txqlen, "txqlen"),
        (link.promiscuity, "promiscuity"),
        (link.allmulti, "allmulti"),
        (link.min_mtu, "min_mtu"),
        (link.max_mtu, "max_mtu"),
        (link.num_tx_queues, "num_tx_queues"),
        (link.num_rx_queues, "num_rx_queues"),
        (link.gso_max_size, "gso_max_size"),
        (link.gso_max_segs, "gso_max_segs"),
        (link.tso_max_size, "tso_max_size"),
        (link.tso_max_segs, "tso_max_segs"),
        (link.gro_max_size, "gro_max_size"),
    ] {
        if let Some(value) = value {
            put(key, json!(value));
        }
    }
    put("qdisc", json!(link.qdisc));
    put("operstate", json!(format!("{:?}", link.operstate.unwrap()).to_uppercase()));
    put("linkmode", json!(format!("{:?}", link.linkmode.unwrap()).to_uppercase()));
    put("group", json!(link.group.map(|group| if group == 0 { "default".to_owned() } else { group.to_string() })));
    for (bytes, key) in [(&link.address, "address"), (&link.broadcast, "broadcast")] {
        put(key, json!(bytes.as_deref().and_then(MacAddr::read).unwrap().to_string()));
    }
    if let Some(alias) = &link.ifalias {
        put("ifalias", json!(alias));
    }
    if let Some(names) = &link.prop_list {
        put("altnames", json!(names.alt_ifname));
    }
    if let Some(kind) = link::kind(link) {
        put("kind", json!(kind));
    }
    if let Some(kind) = link.linkinfo.as_ref().and_then(|info| info.slave_kind.as_ref()) {
        put("slave_kind", json!(kind));
    }
    out.into()
}

/// The interfaces that `ip` shows, in the same form; of those whose other end is elsewhere, that is a number.
fn of_ip() -> Vec<Value> {
    let mut all = shown("ip -d link");
    for link in &mut all {
        let object = link.as_object_mut().unwrap();
        if let Some(info) = object.remove("linkinfo") {
            for (key, from) in [("kind", "info_kind"), ("slave_kind", "info_slave_kind")] {
                if let Some(value) = info.get(from) {
                    object.insert(key.into(), value.clone());
                }
            }
        }
        // ip's own flag: the link underneath is down.
        object["flags"].as_array_mut().unwrap().retain(|flag| flag != "M-DOWN");
        object.remove("inet6_addr_gen_mode");
        object.remove("link_type");
    }
    all
}

fn compare<C: Shell>(nl: &C) {
    let names = names(nl);
    let ours = || {
        let ours = nl.done(link::all(nl)).unwrap();
        ours.iter().for_each(|link| well_read(link, &link.unparsed));
        ours.iter().map(|link| as_ip(link, &|index| names[&index].clone())).collect()
    };
    same_when_steady(ours, of_ip);
}

fn what_ip_has_made_is_read<C: Shell>() {
    run("ip link set lo up
         ip link add v0 type veth peer name v1
         ip link add br0 type bridge
         ip link set v1 master br0
         ip link set v0 up mtu 1400 alias a-text group 7 txqueuelen 77 address 02:00:00:00:00:01
         ip link property add dev v0 altname another altname quite-a-long-alternative-name
         ip link set v1 up promisc on
         ip link set br0 up");
    let nl = open::<C>();
    compare(&nl);
    for name in ["v0", "another", "quite-a-long-alternative-name"] {
        let found = nl.done(link::find(&nl, name)).unwrap();
        assert_eq!((found.ifname.as_deref(), found.mtu), (Some("v0"), Some(1400)), "{name}");
    }
    let named = |links: Vec<Link>| links.into_iter().map(|link| link.ifname.unwrap()).collect::<Vec<_>>();
    assert_eq!(named(nl.done(link::of_kind(&nl, "bridge")).unwrap()), ["br0"]);
    assert_eq!(named(nl.done(link::of_kind(&nl, "unheard of")).unwrap()), [""; 0]);
    assert_eq!(named(nl.done(link::members(&nl, "br0")).unwrap()), ["v1"]);
    let nobodys = named(nl.done(link::members(&nl, 0)).unwrap());
    assert!(nobodys.contains(&"v0".to_owned()) && !nobodys.contains(&"v1".to_owned()), "{nobodys:?}");
    for name in ["none", "no-such-interface-by-far"] {
        let error = nl.done(link::find(&nl, name)).unwrap_err();
        assert_eq!(error.to_string(), format!("rt-link getlink {name:?}: ENODEV: no such device"));
    }
}

fn what_we_make_and_change_ip_shows<C: Shell>() {
    let nl = open::<C>();
    let found = |name: &str| of_ip().into_iter().find(|link| link["ifname"] == name);
    let bridge = nl
        .done(link::add(&nl, &link::new("br0", "bridge").mtu(1400_u32).address(MacAddr([2, 0, 0, 0, 0, 7]))))
        .unwrap();
    run("ip link add v0 type veth peer name v1");
    compare(&nl);
    assert_eq!(found("br0").unwrap()["address"], "02:00:00:00:00:07");
    assert_eq!(found("br0").unwrap()["ifindex"], bridge);

    nl.done(link::set_master(&nl, "v0", "br0")).unwrap();
    assert_eq!(found("v0").unwrap()["master"], "br0");
    nl.done(link::set_master(&nl, "v0", 0)).unwrap();
    assert_eq!(found("v0").unwrap().get("master"), None);
    nl.done(link::up(&nl, "v0")).unwrap();
    nl.done(link::up(&nl, "v0")).unwrap();
    assert!(link::is_up(&nl.done(link::find(&nl, "v0")).unwrap()));
    nl.done(link::set_mtu(&nl, "v0", 1300)).unwrap();
    nl.done(link::set_address(&nl, "v0", MacAddr([2, 0, 0, 0, 0, 9]))).unwrap();
    nl.done(link::change(&nl, "v0", Link::new().ifalias("of ours").group(9_u32).txqlen(5_u32))).unwrap();
    let v0 = found("v0").unwrap();
    for (key, value) in [
        ("mtu", json!(1300)),
        ("ifalias", json!("of ours")),
        ("group", json!("9")),
        ("txqlen", json!(5)),
        ("address", json!("02:00:00:00:00:09")),
    ] {
        assert_eq!(v0[key], value, "{key}");
    }
    assert!(v0["flags"].as_array().unwrap().contains(&json!("UP")));
    nl.done(link::down(&nl, "v0")).unwrap();
    assert_eq!(nl.done(link::find(&nl, "v0")).unwrap().operstate, Some(OperState::DOWN));
    nl.done(link::rename(&nl, "v0", "renamed")).unwrap();
    assert!(found("renamed").is_some() && found("v0").is_none());
    let long = "a-name-that-is-longer-than-an-interface's";
    nl.done(link::add_name(&nl, "renamed", long)).unwrap();
    assert_eq!(found("renamed").unwrap()["altnames"], json!([long]));
    let error = nl.done(link::add_name(&nl, "br0", long)).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    nl.done(link::add_name(&nl, long, "third")).unwrap();
    nl.done(link::set_mtu(&nl, long, 1301)).unwrap();
    assert_eq!(found("renamed").unwrap()["mtu"], 1301);
    assert_eq!(nl.done(link::delete_name(&nl, long, "renamed")).unwrap_err().errno(), Some(Errno::EINVAL));
    for there in [true, false] {
        assert_eq!(nl.done(link::delete_name(&nl, "renamed", long)).unwrap(), there);
    }
    assert_eq!(found("renamed").unwrap()["altnames"], json!(["third"]));
    compare(&nl);

    let error = nl.done(link::add(&nl, &link::new("br0", "bridge"))).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    assert_eq!(nl.done(link::ensure(&nl, &link::new("br0", "bridge"))).unwrap(), bridge);
    assert_eq!(nl.done(link::ensure(&nl, &link::new("br0", "veth"))).unwrap_err().errno(), Some(Errno::EEXIST));
    assert_eq!([nl.done(link::delete(&nl, "br0")).unwrap(), nl.done(link::delete(&nl, "br0")).unwrap()], [true, false]);
    assert!(!nl.done(link::delete(&nl, 999_999)).unwrap());

    // What is wrong is told: of which interface, and where.
    let error = nl.done(link::rename(&nl, "renamed", "lo")).unwrap_err();
    assert_eq!(error.to_string(), "rt-link newlink \"renamed\": EEXIST: already exists");
    let error = nl.done(link::set_master(&nl, "renamed", "lo")).unwrap_err();
    assert!(error.to_string().ends_with("or not for such an object"), "{error}");
    let error = nl.done(link::set_mtu(&nl, "renamed", 10)).unwrap_err();
    assert_eq!(error.to_string(), "rt-link newlink \"renamed\": EINVAL: mtu less than device minimum");
    let error = nl.done(link::change(&nl, "renamed", Link::new().ifname("by far too long a name"))).unwrap_err();
    assert_eq!(error.path(), Some("ifname"), "{error}");
    let error = nl.done(link::add(&nl, &Link::new())).unwrap_err();
    assert!(error.to_string().contains("needs a name"), "{error}");

    // One that was made is meant by what it was made of, and no other by the beginning of its name.
    let made = link::new("made", "bridge");
    nl.done(link::add(&nl, &made)).unwrap();
    nl.done(link::up(&nl, &made)).unwrap();
    let cut = "made\0of";
    for refused in [
        nl.done(link::delete(&nl, cut)).map(drop),
        nl.done(link::up(&nl, cut)),
        nl.done(link::find(&nl, cut)).map(drop),
        nl.done(link::add(&nl, &link::new(cut, "bridge"))).map(drop),
        nl.done(link::rename(&nl, "renamed", "other\0one")),
        nl.done(link::add_name(&nl, "renamed", "other\0one")),
    ] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.ends_with("is no name of an interface: it holds a NUL"), "{refused}");
    }
    let error = nl.done(link::change(&nl, 0, Link::new().ifname("made").mtu(1300_u32))).unwrap_err();
    assert!(error.to_string().contains("count from 1"), "{error}");
    assert_eq!(found("made").unwrap()["mtu"], 1500);
    assert!(nl.done(link::delete(&nl, &made)).unwrap());
}

fn an_interface_moves_to_another_namespace<C: Shell>() {
    if !works("ip link add v0 type veth peer name v1") {
        return say("skipped: moving an interface: no veth here");
    }
    let (mut other, namespace) = elsewhere();
    let here = open::<C>();
    let there = Connection::builder().netns(namespace.as_fd()).open().unwrap();
    here.done(link::set_namespace(&here, "v1", namespace.as_fd())).unwrap();
    assert!(here.done(link::find(&here, "v1")).unwrap_err().is_not_found());
    assert_eq!(link::find(&there, "v1").unwrap().ifname.as_deref(), Some("v1"));
    other.kill().unwrap();
    other.wait().unwrap();
}

/// A process in another network namespace, and that.
pub(crate) fn elsewhere() -> (Child, File) {
    let mut other = Command::new("unshare")
        .args(["-n", "sh", "-c", "echo there; exec sleep 60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    other.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
    let namespace = File::open(format!("/proc/{}/ns/net", other.id())).unwrap();
    (other, namespace)
}

fn what_is_made_is_told_by_its_index_wherever_it_is<C: Shell>() {
    let (mut other, namespace) = elsewhere();
    let here = open::<C>();
    let there = Connection::builder().netns(namespace.as_fd()).open().unwrap();
    let bridge = |name: &str| link::new(name, "bridge");
    let fd = u32::try_from(namespace.as_raw_fd()).unwrap();

    // Where the kernel chooses the number, another connection's list says which it is.
    for _ in 0..2 {
        match here.done(link::add(&here, &bridge("many%d"))) {
            Err(error) if error.errno().is_none() => {
                say(&format!("skipped: names that the kernel chooses: not told before Linux 6.2 ({error})"));
            }
            made => {
                let made = made.unwrap();
                let names: Vec<_> = shown("ip link").into_iter().filter(|link| link["ifindex"] == made).collect();
                assert!(names[0]["ifname"].as_str().unwrap().starts_with("many"), "{names:?}");
            }
        }
    }
    assert_eq!(here.done(link::add(&here, &bridge("away").net_ns_fd(fd))).unwrap(), 0);
    assert_eq!(here.done(link::add(&here, &bridge("gone").net_ns_pid(other.id()))).unwrap(), 0);
    assert_eq!(here.done(link::add(&here, &bridge("any%d").net_ns_fd(fd))).unwrap(), 0);
    let error = here.done(link::ensure(&here, &bridge("away").net_ns_fd(fd))).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    for name in ["away", "gone", "any0"] {
        assert!(link::find(&there, name).is_ok(), "{name}");
        assert!(here.done(link::find(&here, name)).unwrap_err().is_not_found(), "{name}");
    }
    let id = here.done(nsid::ensure(&here, namespace.as_fd())).unwrap();
    run("ip link add name away type bridge");
    let known = bridge("known").target_netnsid(id);
    let made = here.done(link::add(&here, &known)).unwrap();
    assert_eq!(link::index(&there, "known").unwrap(), made);
    assert_eq!(here.done(link::ensure(&here, &known)).unwrap(), made);
    assert_eq!(
        here.done(link::ensure(&here, &bridge("away").target_netnsid(id))).unwrap(),
        link::index(&there, "away").unwrap()
    );
    other.kill().unwrap();
    other.wait().unwrap();
}
