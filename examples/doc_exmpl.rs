//! The documents' example, both ends in one process: a family in the kernel side, a client that finds and calls it.

use netloom::Connection;
use netloom::families::doc_exmpl::{Echo, Msg};
use netloom::kernel::{Family, Kernel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The kernel side: one op of the family that specs/doc_exmpl.yaml describes.
    let kernel = Kernel::new();
    let family = Family::new(()).on_do(Echo, |(), request, ctx| {
        println!("kernel: ECHO from port {}: {:?}", ctx.port(), request.msg.unwrap_or_default());
        Ok(Msg::new().msg("Hello from kernel space!!!"))
    });
    let registered = kernel.register(family)?;
    for (group, number) in &registered.groups {
        println!("kernel: family DOC_EXMPL registered, id {}, group {group} {number}", registered.id);
    }

    // The user side: it asks nlctrl for the family's id, then calls.
    let nl = Connection::builder().dialer(kernel.dialer(kernel.administrator())).port(4711).open()?;
    println!("user:   DOC_EXMPL is family {}", nl.family("DOC_EXMPL")?.id);
    let reply = nl.call(Echo, &Msg::new().msg("hello from user space!"))?;
    println!("user:   {:?}", reply.msg.unwrap_or_default());
    Ok(())
}
