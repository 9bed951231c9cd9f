//! Testing a program against what goes wrong: each fault is switched on, and met as a typed outcome.

use std::time::Duration;

use netloom::Connection;
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said};
use netloom::kernel::{Family, Kernel};
use netloom::wire::{Do, Errno};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(Echo, |(), _, _| Ok(Msg::new().msg("Hello from kernel space!!!")))
        .on_dump(List, |_, (), _| Ok((0..100).map(|index| Msg::new().index(index))));
    kernel.register(family)?;
    let dialer = kernel.dialer(kernel.administrator());
    let nl = Connection::builder().dialer(dialer).timeout(Duration::from_millis(200)).open()?;
    let hello = Msg::new().msg("hello");

    kernel.faults().interrupt_next_dump();
    let objects: Vec<_> = nl.dump(List, &())?.collect();
    let torn = objects.last().is_some_and(|last| last.as_ref().is_err_and(|error| error.is_interrupted()));
    println!("torn dump: {} objects, then interrupted: {torn}", objects.len() - 1);

    kernel.faults().interrupt_next_dump();
    println!("torn dump, asked again: {} objects", nl.dump(List, &())?.consistent(3)?.whole()?.len());

    kernel.faults().nack("DOC_EXMPL", Echo::REQUEST, Errno::ENOMEM);
    if let Err(error) = nl.call(Echo, &hello) {
        println!("refused: {error}");
    }

    kernel.faults().lose_answers(2);
    println!(
        "lost reply and acknowledgement: timeout {}",
        nl.call(Echo, &hello).is_err_and(|error| error.is_timeout())
    );

    kernel.faults().stray();
    nl.call(Echo, &hello)?;
    kernel.faults().forged_sender();
    nl.call(Echo, &hello)?;
    let strays = nl.strays();
    println!("forged answers: {}, stray ones: {}, the calls went through", strays.forged, strays.unknown);

    let mut events = nl.subscribe(&[DOC_EXMPL_GRP])?;
    kernel.faults().overrun();
    kernel.notify(Said, &hello);
    let overrun = events.next().is_some_and(|event| event.is_err_and(|error| error.is_overrun()));
    kernel.notify(Said, &hello);
    let goes_on = events.next().is_some_and(|event| event.is_ok());
    println!("overrun: {overrun}, and the stream goes on: {goes_on}");

    kernel.faults().truncate();
    println!("truncated: {}", nl.call(Echo, &hello).is_err_and(|error| error.is_truncated()));
    Ok(())
}
