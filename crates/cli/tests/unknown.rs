//! A kernel that answers what the spec does not know, of another length or twice: the typed struct keeps it, and the
//! command shows it.

use std::process::Command;
use std::sync::{Arc, Mutex};

use netloom::Protocol;
use netloom::families::rt_link::{Getlink, Link};
use netloom::kernel::{Config, Input, Kernel};
use netloom::unix::Server;
use netloom::wire::{Flags, Header, MessageType, Why, Writer};
use serde_json::{Value, json};

/// RTM_NEWLINK.
const NEWLINK: MessageType = MessageType(16);

/// A kernel side whose links are what is put there: a body each, behind the header.
fn kernel() -> (Kernel, Arc<Mutex<Vec<u8>>>) {
    let (kernel, body) = (Kernel::builder().bare().build(), Arc::new(Mutex::new(Vec::new())));
    let (teller, told) = (kernel.clone(), body.clone());
    let input = move |datagram: &mut Input<'_>| {
        let port = datagram.port();
        datagram.each_message(|message| {
            let dump = message.header.flags.contains(Flags::DUMP);
            let flags = if dump { Flags::MULTI } else { Flags::NONE };
            let header = |kind, flags| Header { seq: message.header.seq, port, ..Header::new(kind, flags) };
            let mut answer = header(NEWLINK, flags).message(&told.lock().unwrap());
            if dump {
                answer.resize(answer.len().next_multiple_of(4), 0);
                answer.extend(header(MessageType::DONE, Flags::MULTI).message(&[0; 4]));
            }
            teller.unicast_raw(Protocol::ROUTE, port, answer)
        });
    };
    kernel.register_protocol(Protocol::ROUTE, Config::new().nonroot_recv().nonroot_send().input(input)).unwrap();
    (kernel, body)
}

/// A fixed header (index 7, flags UP and two that nobody knows), then these attributes.
fn link(write: fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut buf = vec![0; 8192];
    let mut w = Writer::new(&mut buf);
    w.put_bytes(&[0, 0, 1, 0]).unwrap();
    w.put_bytes(&7_i32.to_ne_bytes()).unwrap();
    w.put_bytes(&0xc000_0001_u32.to_ne_bytes()).unwrap();
    w.put_bytes(&[0; 4]).unwrap();
    write(&mut w);
    w.written().to_vec()
}

/// What is answered, what JSON shows of it, and whether the typed struct has it.
type Case = (&'static str, fn(&mut Writer<'_>), &'static str, Value, fn(&Link) -> bool);

fn kept(link: &Link, id: u16, bytes: &[u8], why: Why) -> bool {
    link.unparsed.iter().any(|attr| attr.id() == id && attr.payload == bytes && attr.why == why)
}

fn cases() -> Vec<Case> {
    vec![
        (
            "an attribute of a later kernel",
            |w| w.put_attr(999, &[0xc0, 0xff, 0xee]).unwrap(),
            "unknown-999",
            json!("c0ffee"),
            |link| kept(link, 999, &[0xc0, 0xff, 0xee], Why::Unknown),
        ),
        (
            "the same, twice",
            |w| (1..3).for_each(|n| w.put_attr(999, &[n]).unwrap()),
            "unknown-999",
            json!(["01", "02"]),
            |link| kept(link, 999, &[1], Why::Unknown) && kept(link, 999, &[2], Why::Unknown),
        ),
        (
            "a nest of a later kernel",
            |w| w.nest_attr(0x8000 | 999, |w| w.nest_attr(0x8000 | 3, |w| w.put_attr(1, &[7]))).unwrap(),
            "unknown-999",
            json!({"unknown-3": {"unknown-1": "07"}}),
            |link| link.unparsed.len() == 1,
        ),
        (
            "a state that has no name",
            |w| w.put_attr(16, &[200]).unwrap(),
            "operstate",
            json!(200),
            |link| link.operstate.is_some_and(|state| state.0 == 200),
        ),
        (
            "a number of too few bytes",
            |w| w.put_attr(4, &[1, 2]).unwrap(),
            "mtu",
            json!({"ill-formed": "0102"}),
            |link| link.mtu.is_none() && kept(link, 4, &[1, 2], Why::Bad),
        ),
        (
            "a number of too many",
            |w| w.put_attr(4, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap(),
            "mtu",
            json!({"ill-formed": "0102030405060708"}),
            // As kernels read it.
            |link| {
                link.mtu.is_some_and(|mtu| mtu.to_ne_bytes() == [1, 2, 3, 4])
                    && kept(link, 4, &[1, 2, 3, 4, 5, 6, 7, 8], Why::Partly)
            },
        ),
        (
            "a number twice",
            |w| [1400_u32, 1500].iter().for_each(|mtu| w.put_attr(4, &mtu.to_ne_bytes()).unwrap()),
            "repeated",
            json!({"mtu": [1400]}),
            |link| link.mtu == Some(1500) && kept(link, 4, &1400_u32.to_ne_bytes(), Why::Repeated),
        ),
        (
            "a name without NUL",
            |w| w.put_attr(3, b"eth7").unwrap(),
            "ifname",
            json!("eth7"),
            |link| link.ifname.as_deref() == Some("eth7"),
        ),
        (
            "a name that is no text",
            |w| w.put_attr(3, &[0xff, 0xfe, 0]).unwrap(),
            "ifname",
            json!({"ill-formed": "fffe00"}),
            |link| link.ifname.is_none() && kept(link, 3, &[0xff, 0xfe, 0], Why::Bad),
        ),
        (
            "a structure of an older kernel",
            |w| w.put_attr(14, &[1, 0, 0, 0, 0, 0, 0, 0]).unwrap(),
            "map",
            json!({"mem-start": 1, "missing": 24}),
            |link| {
                link.map.as_ref().is_some_and(|map| map.mem_start == 1 && map.mem_end == 0)
                    && kept(link, 14, &[1, 0, 0, 0, 0, 0, 0, 0], Why::Partly)
            },
        ),
        (
            "a structure of a newer one",
            |w| {
                let mut map = [0; 40];
                map[39] = 9;
                w.put_attr(14, &map).unwrap();
            },
            "map",
            json!({"mem-start": 0, "mem-end": 0, "base-addr": 0, "irq": 0, "dma": 0, "port": 0, "unknown": "0000000000000009"}),
            |link| {
                link.map.is_some()
                    && link.unparsed.iter().any(|attr| attr.why == Why::Partly && attr.payload.len() == 40)
            },
        ),
        (
            "a nest with something behind its attributes",
            |w| {
                w.nest_attr(52, |w| {
                    w.put_attr(53, b"another\0")?;
                    w.put_bytes(&[9, 0, 0])
                })
                .unwrap()
            },
            "prop-list",
            json!({"alt-ifname": ["another"], "ill-formed": "090000"}),
            |link| {
                link.prop_list.as_ref().is_some_and(|list| {
                    let [tail] = &list.unparsed[..] else { return false };
                    list.alt_ifname == ["another"] && (tail.why, &tail.payload[..]) == (Why::Tail, &[9, 0, 0])
                })
            },
        ),
        (
            "numbers that do not come out even",
            |w| w.nest_attr(26, |w| w.nest_attr(2, |w| w.put_attr(1, &[1, 2, 3, 4, 5]))).unwrap(),
            "af-spec",
            json!({"inet": {"conf": {"ill-formed": "0102030405"}}}),
            |_| true,
        ),
        (
            "a kind that nobody knows",
            |w| {
                w.nest_attr(18, |w| {
                    w.put_attr(1, b"wormhole\0")?;
                    w.nest_attr(2, |w| w.put_attr(1, &[1, 2, 3, 4]))
                })
                .unwrap()
            },
            "linkinfo",
            json!({"kind": "wormhole", "data": "0800010001020304"}),
            |link| {
                link.linkinfo
                    .as_ref()
                    .is_some_and(|info| info.kind.as_deref() == Some("wormhole") && info.data.is_some())
            },
        ),
        (
            "data before its kind, of a known one, with what nobody knows",
            |w| {
                w.nest_attr(18, |w| {
                    w.nest_attr(2, |w| {
                        w.put_attr(1, &[7, 0, 0, 0])?;
                        w.put_attr(300, &[5])
                    })?;
                    w.put_attr(1, b"vxlan\0")
                })
                .unwrap()
            },
            "linkinfo",
            json!({"kind": "vxlan", "data": {"id": 7, "unknown-300": "05"}}),
            |link| link.linkinfo.as_ref().is_some_and(|info| info.data.is_some()),
        ),
    ]
}

#[test]
fn what_no_spec_knows_is_shown() {
    let (kernel, body) = kernel();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let _serving = Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    let nl = kernel.connect();
    let shown = |words: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_netloom"));
        let output = command.args(words).arg("--json").env("NETLOOM_KERNEL", &path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    for (what, write, key, expected, has) in cases() {
        *body.lock().unwrap() = link(write);
        let typed = nl.call(Getlink, &Link::new()).unwrap();
        assert!(has(&typed) && typed.header.ifi_index == 7, "{what}: {typed:?}");
        let one = shown(&["do", "rt-link", "getlink", r#"{"ifi-index": 7}"#]);
        assert_eq!(one[key], expected, "{what}: {one}");
        assert_eq!(one["ifi-flags"], json!(["up", 0x4000_0000_u32, 0x8000_0000_u32]), "{what}");
        let all = shown(&["dump", "rt-link", "getlink"]);
        assert_eq!(all, json!([one]), "{what}");
        // What is read is written again as it came, but for what is ill-formed.
        let mut buf = vec![0; 8192];
        let mut w = Writer::new(&mut buf);
        netloom::wire::Message::encode(&typed, &mut w).unwrap();
        *body.lock().unwrap() = w.written().to_vec();
        let again = nl.call(Getlink, &Link::new()).unwrap();
        let mut sent = typed;
        sent.unparsed.retain(|attr| !attr.is_bad());
        if let Some(list) = &mut sent.prop_list {
            list.unparsed.retain(|attr| attr.why != Why::Tail);
        }
        // Only at the top what is ill-formed is taken out here.
        if !format!("{sent:?}").contains("bad attribute") {
            assert_eq!(again, sent, "{what}");
        }
    }
}

#[test]
fn nests_without_end_are_shown_as_far_as_they_make_sense() {
    let (kernel, body) = kernel();
    let nl = kernel.connect();
    // Each nest holds the next: as deep as a datagram can have them.
    let mut nested = vec![0xab_u8; 4];
    while nested.len() < 60_000 {
        let len = (nested.len() + 4) as u16;
        nested = [&len.to_ne_bytes()[..], &(0x8000_u16 | 18).to_ne_bytes(), &nested].concat();
    }
    *body.lock().unwrap() = [link(|_| ()), nested].concat();
    let typed = nl.call(Getlink, &Link::new()).unwrap();
    assert_eq!(typed.header.ifi_index, 7);
    assert!(format!("{typed:?}").len() > 100);
}
