//! What there is room for: 32 protocols, and generic netlink families from id 19 to 1023.

use netloom::Protocol;
use netloom::kernel::{Config, Kernel, Registered, raw};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    // Generic netlink, NETLINK_USERSOCK, and NETLINK_ROUTE for the links.
    let built_in = kernel.protocols().len();
    let free =
        (0..).map_while(Protocol::new).filter(|protocol| kernel.register_protocol(*protocol, Config::new()).is_ok());
    let registered = free.count();
    let next = if Protocol::try_from(32).is_ok() { "registered" } else { "refused" };
    println!("protocols: {built_in} built in, {registered} registered here; the 33rd: {next}");

    let family = |name: String| raw::Family::new(name).op(raw::Op::new(1).doit(|_| Ok(())));
    let mut families: Vec<Registered> = Vec::new();
    let full = loop {
        match kernel.register(family(format!("family{}", families.len()))) {
            Ok(registered) => families.push(registered),
            Err(nack) => break nack,
        }
    };
    println!("families until full (no module loaded): {}, then {:?}", families.len(), full.errno());

    let freed = families.swap_remove(500);
    kernel.unregister(&freed)?;
    let again = kernel.register(family("once more".to_owned()))?;
    println!("one freed, one fits again: id {} was {}", again.id, freed.id);
    Ok(())
}
