//! A dump by hand: start makes a cursor, fill writes from there on as the reader pulls, done runs once, whatever happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use netloom::kernel::{Fill, Kernel, raw};
use netloom::socket::{Address, Socket};
use netloom::wire::{Flags, Full, GenlHeader, Header, MessageType, Protocol, Writer, messages};

const OBJECTS: u32 = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    let ended = Arc::new(AtomicU32::new(0));
    let done = ended.clone();
    // The cursor is the number of the next object: nothing else is kept between two pulls.
    let dump = raw::Dump::new(
        |_| Ok(0_u32),
        |next, out, _| {
            while *next < OBJECTS {
                match out.message(|w| w.put_attr(1, &next.to_ne_bytes())) {
                    Ok(()) => *next += 1,
                    Err(Full::Room) => return Ok(Fill::More),
                    Err(full) => return Err(full.into()),
                }
            }
            Ok(Fill::Done)
        },
    )
    .done(move |_: u32| {
        done.fetch_add(1, Ordering::Relaxed);
    });
    let id = kernel.register(raw::Family::new("NUMBERS").op(raw::Op::new(1).dump(dump)))?.id;

    // Whole: the first chunk is a page, later ones follow the reader's buffer.
    let socket = ask(&kernel, id)?;
    let (mut buf, mut chunks, mut objects) = (Vec::new(), Vec::new(), 0_u32);
    'dump: loop {
        let len = socket.recv_msg(&mut buf)?.len;
        chunks.push(len);
        for message in messages(buf.get(..len).unwrap_or_default()).flatten() {
            match message.header.kind {
                MessageType::DONE => break 'dump,
                _ => objects += 1,
            }
        }
    }
    println!("{objects} objects in {} chunks of bytes: {chunks:?}", chunks.len());
    println!("done: {}", ended.swap(0, Ordering::Relaxed));

    // Abandoned after the first chunk: closing the socket ends it.
    let socket = ask(&kernel, id)?;
    socket.recv_msg(&mut buf)?;
    println!("halfway, done: {}", ended.load(Ordering::Relaxed));
    drop(socket);
    println!("abandoned, done: {}", ended.load(Ordering::Relaxed));
    Ok(())
}

/// A socket that has asked for the dump.
fn ask(kernel: &Kernel, id: u16) -> Result<Socket, Box<dyn std::error::Error>> {
    let socket = kernel.socket(Protocol::GENERIC)?;
    socket.bind(Address::default())?;
    let mut request = [0; 20];
    let mut w = Writer::new(&mut request);
    w.message(Header::new(MessageType(id), Flags::REQUEST | Flags::DUMP), |w| {
        w.genl(GenlHeader { cmd: 1, version: 1, reserved: 0 })
    })?;
    socket.send(w.written())?;
    Ok(socket)
}
