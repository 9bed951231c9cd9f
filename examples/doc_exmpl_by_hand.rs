//! The documents' client, by hand: a raw socket, headers and attributes, nothing else.
//!
//!     cargo run --example doc_exmpl_by_hand                     # against a kernel side in this process
//!     cargo run --example doc_exmpl_by_hand -- --kernel linux   # asks Linux for nlctrl instead

use std::io::{self, Write};

use netloom::families::doc_exmpl::{Echo, List, Msg, Say};
use netloom::kernel::{Family, Kernel};
use netloom::socket::{Address, Socket};
use netloom::wire::{Flags, GenlHeader, Header, MessageType, Protocol, Writer, messages};

const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const DOC_EXMPL_C_ECHO: u8 = 1;
const DOC_EXMPL_A_MSG: u16 = 1;

/// The room that the documents give to an answer.
const BUFFER: usize = 280;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(&kernel()?.socket(Protocol::GENERIC)?, "DOC_EXMPL", &mut io::stdout())?,
        ["--kernel", "linux"] => run(&Socket::open(Protocol::GENERIC)?, "nlctrl", &mut io::stdout())?,
        _ => return Err("usage: doc_exmpl_by_hand [--kernel linux]".into()),
    }
    Ok(())
}

/// A kernel side with the documents' family and two more ops.
pub fn kernel() -> Result<Kernel, netloom::kernel::Nack> {
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(Echo, |(), _, _| Ok(Msg::new().msg("Hello from kernel space!!!")))
        .on_do(Say, |(), request, _| Ok(request))
        .on_dump(List, |_, (), _| Ok(std::iter::empty()));
    kernel.register(family)?;
    Ok(kernel)
}

/// Resolves the family and, if it is the documents' one, greets it.
pub fn run(socket: &Socket, name: &str, out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    open(socket)?;
    writeln!(out, "socket: protocol 16, port {}", socket.local()?.port)?;
    let id = family_id(socket, name, out)?;
    if name != "DOC_EXMPL" {
        return Ok(());
    }
    let greeting = "hello from user space!";
    let sent = send(socket, id, DOC_EXMPL_C_ECHO, DOC_EXMPL_A_MSG, greeting)?;
    writeln!(out, "{:<37}{sent:>3} bytes  type {id}", format!("-> ECHO {greeting:?}"))?;
    let answer = recv(socket)?;
    let text = dispatch(&answer, DOC_EXMPL_A_MSG)?;
    let text = text.strip_suffix(b"\0").ok_or("the text does not end")?;
    let line = format!("<- ECHO {:?}", String::from_utf8_lossy(text));
    writeln!(out, "{line:<37}{:>3} bytes  type {id}", answer.len())?;
    Ok(())
}

/// Takes a port. Groups are for those who want events: the documents' mask of all ones asks for everybody's.
fn open(socket: &Socket) -> netloom::Result<()> {
    socket.bind(Address::port(4711))
}

/// Asks the controller for a family's id.
fn family_id(socket: &Socket, name: &str, out: &mut impl Write) -> Result<u16, Box<dyn std::error::Error>> {
    let sent = send(socket, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, name)?;
    let line = format!("-> GETFAMILY {name:?}");
    writeln!(out, "{line:<26}{sent:>3} bytes  type {GENL_ID_CTRL} flags REQUEST seq 0")?;
    let answer = recv(socket)?;
    let id = dispatch(&answer, CTRL_ATTR_FAMILY_ID)?;
    let id = u16::from_ne_bytes(id.try_into().map_err(|_| "a family id has two bytes")?);
    writeln!(out, "{:<26}{:>3} bytes  family id {id}", "<- NEWFAMILY", answer.len())?;
    Ok(id)
}

/// Sends one command with one text: netlink header, generic netlink header, attribute.
fn send(socket: &Socket, kind: u16, cmd: u8, attr: u16, text: &str) -> Result<usize, Box<dyn std::error::Error>> {
    let mut buf = [0; BUFFER];
    let mut w = Writer::new(&mut buf);
    // The port id is the sender's address, not its process; a datagram goes out whole or not at all.
    let header = Header { port: socket.local()?.port, ..Header::new(MessageType(kind), Flags::REQUEST) };
    w.message(header, |w| {
        w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
        w.put_attr(attr, &[text.as_bytes(), b"\0"].concat())?;
        w.pad()
    })?;
    Ok(socket.send_to(Address::KERNEL, w.written())?)
}

/// Waits for an answer.
fn recv(socket: &Socket) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut buf = Vec::new();
    let received = socket.recv_msg(&mut buf)?;
    if received.source.port != 0 {
        return Err(format!("port {} is not the kernel", received.source.port).into());
    }
    buf.truncate(received.len);
    if buf.len() > BUFFER {
        return Err(format!("{} bytes: more than the documents have room for", buf.len()).into());
    }
    Ok(buf)
}

/// The value of an attribute, out of whichever message has it. An error is not taken for a reply.
fn dispatch(datagram: &[u8], attr: u16) -> Result<&[u8], Box<dyn std::error::Error>> {
    for message in messages(datagram) {
        let message = message.map_err(|malformed| malformed.to_string())?;
        if let Some(error) = message.error() {
            return Err(error.errno.to_string().into());
        }
        if let Some(found) = message.attrs(GenlHeader::LEN).last(attr) {
            return Ok(found.payload());
        }
    }
    Err("the answer lacks what was asked for".into())
}
