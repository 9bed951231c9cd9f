//! A family by hand, without a spec: a table of one op, a policy of one attribute, and what is refused by them.

use netloom::kernel::{Kernel, Nack, raw};
use netloom::wire::{AttrPolicy, Policy, Str};

/// The op and its attribute.
const MY_CMD_1: u8 = 1;
const MY_ATTR_MSG: u16 = 1;

/// Id 0 is nobody's; id 1 is a text with a NUL.
static MY_POLICY: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::NUL_STRING]);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The kernel side.
    let kernel = Kernel::new();
    let my_cmd_1 = raw::Op::new(u16::from(MY_CMD_1)).doit(|ctx| {
        let msg = ctx.attrs().last(MY_ATTR_MSG).ok_or(Nack::missing(MY_ATTR_MSG))?;
        println!("MY_CMD_1(MY_ATTR_MSG {:?})", msg.read::<Str>().unwrap_or_default());
        Ok(())
    });
    let family = kernel.register(raw::Family::new("MY_CMDS").version(1).policy(&MY_POLICY).op(my_cmd_1))?;
    println!("registered MY_CMDS id {}: 1 op, maxattr {}", family.id, MY_POLICY.max_attr());

    // The user side: numbers and bytes.
    let nl = kernel.connect();
    let my_cmd_1 = || nl.request_raw(family.id).cmd(MY_CMD_1).version(1).named("MY_CMD_1", "");
    my_cmd_1().attr(MY_ATTR_MSG, b"hello world \0").send()?;
    if let Err(error) = my_cmd_1().attr(MY_ATTR_MSG, b"no NUL behind it").send() {
        println!("{error}");
    }
    if let Err(error) = my_cmd_1().dump().and_then(|mut dump| dump.next_ref().transpose().map(drop)) {
        println!("{error}");
    }
    if let Some(errno) = nl.family("NO_SUCH").err().and_then(|error| error.errno()) {
        println!("NO_SUCH: {errno:?}");
    }
    Ok(())
}
