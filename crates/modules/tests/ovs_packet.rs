//! ovs_packet: what EXECUTE checks, and what is handed up.

use std::sync::mpsc;

use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::families::ovs_packet::{Action, Execute, Miss, OvsHeader, Packet};
use netloom::kernel::Kernel;
use netloom::socket::Credentials;
use netloom::wire::{Event, GenlHeader, Header, MessageType, Protocol, RawAttrs, Writer, messages};
use netloom::{Connection, Errno};
use netloom_modules::ovs_packet::{Counters, OvsPacket};

fn attr(id: u16, value: &[u8]) -> Vec<u8> {
    let mut buf = vec![0; 256];
    let mut w = Writer::new(&mut buf);
    w.put_attr(id, value).unwrap();
    w.written().to_vec()
}

fn output(port: u32) -> Vec<u8> {
    attr(1, &port.to_ne_bytes())
}

fn userspace(port: u32) -> Vec<u8> {
    attr(2, &[attr(1, &port.to_ne_bytes()), attr(2, b"cookie")].concat())
}

fn request(datapath: i32) -> Packet {
    Packet::new().header(OvsHeader { dp_ifindex: datapath }).packet([6; 60]).key([]).actions(output(1))
}

fn up() -> (Kernel, OvsPacket, Connection, u16) {
    let (kernel, packets) = (Kernel::new(), OvsPacket::default());
    packets.add(7);
    let id = kernel.register(packets.family()).unwrap().id;
    let nl = kernel.connect();
    (kernel, packets, nl, id)
}

#[test]
fn the_family_is_what_linux_has() {
    let (.., nl, id) = up();
    let told = nl.call(Getfamily, &CtrlAttrs::new().family_name("ovs_packet")).unwrap();
    assert_eq!((told.family_id, told.version, told.hdrsize, told.maxattr), (Some(id), Some(1), Some(4), Some(12)));
    assert!(told.mcast_groups.is_empty());
    let ops: Vec<_> = told.ops.iter().map(|op| (op.id, op.flags.map(|flags| flags.0))).collect();
    // GENL_UNS_ADMIN_PERM, CAP_DO, CAP_HASPOL
    assert_eq!(ops, [(Some(3), Some(0x1a))]);
}

#[test]
fn execute_is_checked() {
    let (kernel, packets, nl, id) = up();
    let without = |change: fn(&mut Packet)| {
        let mut request = request(7);
        change(&mut request);
        request
    };
    let cases = [
        (request(7), None),
        (request(7).actions([]), None),
        (request(8), Some(Errno::ENODEV)),
        (without(|request| request.packet = None), Some(Errno::EINVAL)),
        (without(|request| request.key = None), Some(Errno::EINVAL)),
        (without(|request| request.actions = None), Some(Errno::EINVAL)),
        (request(7).packet([6; 13]), Some(Errno::ERANGE)),
        (request(7).key([1]), Some(Errno::ERANGE)),
        (request(7).actions(output(65_535)), Some(Errno::EINVAL)),
        (request(7).actions(userspace(0)), Some(Errno::EINVAL)),
    ];
    for (request, errno) in cases {
        assert_eq!(nl.call(Execute, &request).err().and_then(|error| error.errno()), errno, "{request:?}");
    }
    assert_eq!(packets.counters(7), Some(Counters { executed: 2, ..Counters::default() }));
    let error = nl.call(Execute, &request(7).packet([6; 13])).unwrap_err();
    assert!(error.to_string().contains("packet"), "{error}: it is the first attribute, at offset 24");
    for (cmd, errno) in [(1, Errno::EOPNOTSUPP), (2, Errno::EOPNOTSUPP)] {
        let upcall = nl.request_raw(id).cmd(cmd).header(&7_i32.to_ne_bytes()).send();
        assert_eq!(upcall.map(drop).unwrap_err().errno(), Some(errno));
    }
    let nobody = Credentials { process: 0, uid: kernel.administrator().uid.wrapping_add(1).max(1), gid: 9 };
    let refused = kernel.connect_as(nobody).call(Execute, &request(7)).unwrap_err();
    assert_eq!(refused.errno(), Some(Errno::EPERM));
}

#[test]
fn upcalls_are_told_to_one_port_and_name_nobody() {
    let (kernel, packets, nl, id) = up();
    let controller = kernel.socket(Protocol::GENERIC).unwrap();
    controller.bind(netloom::socket::Address::port(99)).unwrap();
    let (told, seen) = mpsc::channel();
    packets.watch(move |execution| {
        told.send((execution.datapath, execution.frame.len(), execution.actions.len())).unwrap()
    });
    let key = attr(3, &1_u32.to_ne_bytes());
    packets.miss(&kernel, 99, 7, &key, &[1; 60]).unwrap();
    let actions = [output(2), userspace(99), userspace(98)].concat();
    nl.call(Execute, &request(7).key(key.clone()).actions(actions)).unwrap();
    assert_eq!(seen.recv().unwrap(), (7, 60, 3));
    let mut buf = Vec::new();
    for (cmd, ids) in [(Miss::ID, vec![2, 11, 1]), (Action::ID, vec![2, 4, 11, 1])] {
        let received = controller.recv_msg(&mut buf).unwrap();
        let message = messages(&buf[..received.len]).next().unwrap().unwrap();
        let len = received.len as u32;
        assert_eq!(
            message.header,
            Header { len, kind: MessageType(id), ..Header::default() },
            "flags, seq and port are 0"
        );
        let (genl, body) = message.genl().unwrap();
        assert_eq!(genl, GenlHeader { cmd: cmd as u8, version: 1, reserved: 0 });
        assert_eq!(body[..4], 7_i32.to_ne_bytes());
        let attrs = RawAttrs::new(&body[4..]);
        // In the kernel's order, the packet last, and no nest with its flag.
        assert_eq!(attrs.into_iter().map(|attr| attr.raw_type()).collect::<Vec<_>>(), ids);
        assert_eq!(attrs.last(1).map(|frame| frame.payload().len()), Some(60));
        assert_eq!(attrs.last(2).map(|frame| frame.payload()), Some(&key[..]));
    }
    assert_eq!(packets.counters(7), Some(Counters { executed: 1, upcalls: 2, lost: 1 }));
    for (port, datapath, errno) in [(0, 7, Errno::ENOTCONN), (98, 7, Errno::ECONNREFUSED), (99, 8, Errno::ENODEV)] {
        assert_eq!(packets.miss(&kernel, port, datapath, &[], &[0; 60]).unwrap_err().errno(), errno);
    }
}
