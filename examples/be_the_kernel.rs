//! Being the kernel: a family with a do, a dump and an event, on a state of one's own, and a client that meets it.

use std::sync::{Arc, Mutex, PoisonError};

use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, List, Msg, Said, Say};
use netloom::kernel::{Ctx, Family, Kernel, Nack};

#[derive(Default)]
struct Doc {
    said: Mutex<Vec<String>>,
}

impl Doc {
    fn say(&self, request: Msg, ctx: &mut Ctx<'_>) -> Result<Msg, Nack> {
        let text = request.msg.as_deref().ok_or(Nack::missing(Msg::MSG))?;
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push(text.to_owned());
        ctx.notify(Said, &request);
        Ok(request)
    }

    // The iterator owns its way to the state: the reader pulls it along, chunk by chunk.
    fn list(self: &Arc<Self>) -> impl Iterator<Item = Msg> + Send + use<> {
        let doc = self.clone();
        (0_u32..).map_while(move |index| {
            let said = doc.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.get(index as usize).map(|text| Msg::new().msg(text.as_str()).index(index))
        })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    let doc = Family::new(Doc::default())
        .on_do(Say, Doc::say)
        .on_dump(List, |doc: &Arc<Doc>, (), _: &mut Ctx<'_>| Ok(doc.list()));
    kernel.register(doc)?;

    let nl = kernel.connect();
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP])?;
    for text in ["one", "two", "three"] {
        nl.call(Say, &Msg::new().msg(text))?;
    }
    for message in nl.dump(List, &())? {
        let message = message?;
        println!("{}: {}", message.index.unwrap_or_default(), message.msg.unwrap_or_default());
    }
    if let Some(event) = events.next() {
        println!("heard: {}", event?.get(Said).and_then(|said| said.msg).unwrap_or_default());
    }
    // What the policy refuses never reaches `say`; what `say` refuses reaches the caller with the reason.
    if let Err(error) = nl.call(Say, &Msg::new()) {
        println!("refused: {error}");
    }
    Ok(())
}
