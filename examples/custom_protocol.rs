//! A protocol of one's own, number 31, without generic netlink; and that each number is given out once.

use netloom::kernel::{Config, Kernel, Nack};
use netloom::socket::Address;
use netloom::wire::{Errno, Flags, Header, MessageType, Protocol, messages};
use netloom_modules::journal::{Client, PROTOCOL};

const SAY: MessageType = MessageType(0x20);
const SAID: MessageType = MessageType(0x21);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The kernel side: what is said goes to group 1.
    let kernel = Kernel::new();
    let protocol = Protocol::try_from(31)?;
    let config = Config::new().groups(32).nonroot_recv().input(|datagram| {
        datagram.each_message(|message| {
            let (len, kind) = (datagram.bytes().len(), message.header.kind);
            println!("input: {len} bytes from port {}, type {:#x}", datagram.port(), kind.0);
            if kind != SAY {
                return Err(Nack::new(Errno::EOPNOTSUPP));
            }
            let said = Header::new(SAID, Flags::NONE).message(message.payload);
            datagram.kernel().multicast_raw(datagram.protocol(), 1, said);
            Ok(())
        });
    });
    kernel.register_protocol(protocol, config)?;
    println!("protocol 31 registered, 32 groups");

    // The user side: a socket that speaks, and hears itself in the group.
    let socket = kernel.socket(protocol)?;
    socket.bind(Address { port: 4711, groups: 1 })?;
    socket.send(&Header { seq: 1, ..Header::new(SAY, Flags::REQUEST | Flags::ACK) }.message(b"hello!!!"))?;
    let mut buf = Vec::new();
    for _ in 0..2 {
        let received = socket.recv_msg(&mut buf)?;
        for message in messages(buf.get(..received.len).unwrap_or_default()).flatten() {
            match message.error() {
                Some(error) if error.errno.0 == 0 => println!("ACK of {}", error.request.seq),
                Some(error) => println!("refused: {}", error.errno),
                None => println!("group 1: {:?}", String::from_utf8_lossy(message.payload)),
            }
        }
    }

    // A number is given out once, and there are 32 of them.
    if let Err(nack) = kernel.register_protocol(protocol, Config::new()) {
        println!("protocol 31: taken ({:?})", nack.errno());
    }
    match Protocol::try_from(32).and_then(|protocol| kernel.socket(protocol).map(drop).map_err(|nack| nack.errno())) {
        Ok(()) => println!("protocol 32: registered"),
        Err(errno) => println!("protocol 32: refused, and a socket on 32: {errno:?}"),
    }

    // One that is of some use: the journal, with its own client.
    drop(socket);
    kernel.unregister_protocol(protocol)?;
    let _journal = netloom_modules::load(&kernel, "journal")?;
    let mut journal = Client::over(kernel.socket(PROTOCOL)?);
    journal.append("good morning")?;
    journal.append("good night")?;
    for (number, text) in journal.read(0)? {
        println!("journal {number}: {text}");
    }
    Ok(())
}
