//! Device events: datagrams of text, without a netlink header.

use netloom::kernel::Kernel;
use netloom::uevent::{self, Events, Uevent};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    uevent::register(&kernel)?;
    let mut events = Events::over(kernel.socket(uevent::PROTOCOL)?)?;

    let veth0 = Uevent::new("add", "/devices/virtual/net/veth0").with("SUBSYSTEM", "net").with("INTERFACE", "veth0");
    veth0.emit(&kernel);

    let event = events.next().ok_or("it never ends")??;
    println!("{event}");
    for (key, value) in event.variables() {
        println!("  {key}={value}");
    }
    Ok(())
}
