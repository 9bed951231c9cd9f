//! What differs between releases and no case of the conformance suite shows: how nlctrl's dump of families ends.

use netloom::kernel::{Kernel, Version};
use netloom::socket::RecvFlags;
use netloom::wire::{Flags, GenlHeader, Header, MessageType, Protocol, Writer, messages};

// Item C8.
#[test]
fn the_end_of_the_families_comes_with_them_or_apart() {
    for (version, datagrams) in
        [(Version::V6_1, vec![1, 1]), (Version::V6_12, vec![2]), (Version::V6_18, vec![2]), (Version::NEWEST, vec![2])]
    {
        let kernel = Kernel::builder().behave_like(version).build();
        assert_eq!(kernel.version(), version);
        let socket = kernel.socket(Protocol::GENERIC).unwrap();
        let mut buf = vec![0; 32_768];
        let mut w = Writer::new(&mut buf);
        w.message(Header::new(MessageType(16), Flags::REQUEST | Flags::DUMP), |w| {
            w.genl(GenlHeader { cmd: 3, version: 2, reserved: 0 })
        })
        .unwrap();
        socket.send(w.written()).unwrap();
        let mut seen = Vec::new();
        loop {
            let received = socket.endpoint().recv(&mut buf, RecvFlags::NONE, None).unwrap();
            let all: Vec<_> = messages(&buf[..received.len]).map(Result::unwrap).collect();
            seen.push(all.len());
            if all.last().unwrap().header.kind == MessageType::DONE {
                break;
            }
        }
        assert_eq!(seen, datagrams, "{version}");
    }
}
