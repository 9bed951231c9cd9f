//! A device that takes many messages: set, dumped in pieces and in one, as JSON.

use std::sync::Arc;

use netloom::families::FAMILIES;
use netloom::kernel::Kernel;
use netloom_cli::call::{self, Creation};
use netloom_cli::failure::Failure;
use netloom_cli::session::Session;
use netloom_dynamic::{Families, Options};
use serde_json::{Value, json};

fn session(kernel: &Kernel) -> Session {
    let families = Arc::new(Families::new(FAMILIES.iter().copied()));
    Session { families, connection: kernel.connect(), options: Options::default().secrets(true) }
}

fn dump(session: &Session, name: &str, raw: bool) -> Vec<Value> {
    let request = json!({ "ifname": name });
    let (objects, failed) = call::objects(session, "wireguard", "get-device", &request, raw).unwrap();
    assert!(failed.is_none(), "{failed:?}");
    objects
}

#[test]
fn one_object_whatever_the_number_of_messages() {
    let kernel = Kernel::new();
    let _module = netloom_modules::load(&kernel, "wireguard=wg0,wg1").unwrap();
    let session = session(&kernel);
    let key = |n: u8| format!("{n:02x}").repeat(32);
    let ips = |peer: u8, count: usize| -> Vec<Value> {
        let ip =
            |n: usize| json!({"family": 2, "ipaddr": format!("10.{peer}.{}.{}", n / 256, n % 256), "cidr-mask": 32});
        (0..count).map(ip).collect()
    };
    // A peer that takes several messages, the first of all and one behind it; and many small ones.
    let mut peers = vec![json!({"public-key": key(1), "allowedips": ips(1, 900)})];
    peers.extend((2..60).map(|n| json!({"public-key": key(n), "allowedips": ips(n, 3)})));
    peers.push(json!({"public-key": key(60), "preshared-key": key(99), "allowedips": ips(60, 1500)}));
    let set = |device: Value| {
        call::replies(&session, "wireguard", "set-device", &device, Creation::default())
            .map(|replies| assert_eq!(replies, Vec::<Value>::new()))
    };
    let whole = set(json!({"ifname": "wg0", "peers": peers})).unwrap_err();
    let too_long = "wireguard set-device: peers: longer than an attribute can be (65,531 bytes)";
    assert!(matches!(whole, Failure::Said(text) if text == too_long));
    set(json!({"ifname": "wg0", "listen-port": 51820, "private-key": key(7)})).unwrap();
    for some in peers.chunks(20) {
        set(json!({"ifname": "wg0", "peers": some})).unwrap();
    }

    let pieces = dump(&session, "wg0", true);
    let ends = |piece: &Value, last: bool| {
        let peers = piece["peers"].as_array().unwrap();
        if last { peers.last().unwrap()["public-key"].clone() } else { peers[0]["public-key"].clone() }
    };
    let split = pieces.windows(2).any(|pair| ends(&pair[0], true) == ends(&pair[1], false));
    assert!(split, "a peer is split over {} messages", pieces.len());
    let whole = dump(&session, "wg0", false);
    assert_eq!(whole.len(), 1);
    let got = whole[0]["peers"].as_array().unwrap();
    assert_eq!(got.len(), peers.len());
    for (got, set) in got.iter().zip(&peers) {
        assert_eq!(got["public-key"], set["public-key"]);
        let set: Vec<&Value> = set["allowedips"].as_array().unwrap().iter().map(|ip| &ip["ipaddr"]).collect();
        let got: Vec<&Value> = got["allowedips"].as_array().unwrap().iter().map(|ip| &ip["ipaddr"]).collect();
        assert_eq!(got.len(), set.len());
        assert!(set.iter().all(|ip| got.contains(ip)), "each address once, none lost");
    }
    assert_eq!((&whole[0]["ifname"], &whole[0]["listen-port"]), (&json!("wg0"), &json!(51820)));
    assert_eq!(got[59]["preshared-key"], key(99));

    // What is dumped can be set: another device with another key gets the same peers.
    let mut copy = whole[0].clone();
    for key in ["ifindex", "public-key", "listen-port"] {
        copy.as_object_mut().unwrap().shift_remove(key);
    }
    copy["ifname"] = json!("wg1");
    copy["private-key"] = json!(key(8));
    let peers = copy.as_object_mut().unwrap().shift_remove("peers").unwrap();
    set(copy).unwrap();
    for peer in peers.as_array().unwrap() {
        let mut peer = peer.clone();
        peer.as_object_mut().unwrap().retain(|key, _| ["public-key", "preshared-key", "allowedips"].contains(&&**key));
        set(json!({"ifname": "wg1", "peers": [peer]})).unwrap();
    }
    let copied = dump(&session, "wg1", false);
    assert_eq!(copied[0]["peers"], whole[0]["peers"]);
}
