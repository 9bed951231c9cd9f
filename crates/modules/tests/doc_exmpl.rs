//! Family DOC_EXMPL from end to end.

use std::time::Duration;

use netloom::Errno;
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::kernel::Kernel;
use netloom_modules::doc_exmpl::MAX_TEXTS;

#[test]
fn it_greets_keeps_tells_and_lists() {
    let kernel = Kernel::new();
    let _module = netloom_modules::load(&kernel, "doc_exmpl").unwrap();
    let nl = kernel.connect();
    let reply = nl.call(Echo, &Msg::new().msg("hello from user space!")).unwrap();
    assert_eq!(reply, Msg::new().msg("Hello from kernel space!!!"));

    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    for (index, text) in (0..).zip(["good morning", "good night"]) {
        let said = Msg::new().msg(text).index(index);
        assert_eq!(nl.call(Say, &Msg::new().msg(text)).unwrap(), said);
        let event = events.next_timeout(Duration::from_secs(5)).unwrap().unwrap();
        assert_eq!(event.get(Said), Some(said));
    }
    assert_eq!(nl.call(Say, &Msg::new()).unwrap_err().missing(), Some(1));
    let list: Vec<_> = nl.dump(List, &()).unwrap().map(|said| said.unwrap().msg.unwrap()).collect();
    assert_eq!(list, ["good morning", "good night"]);
}

#[test]
fn a_list_of_many_chunks_has_each_text_once_though_more_is_said_meanwhile() {
    let kernel = Kernel::new();
    let _module = netloom_modules::load(&kernel, "doc_exmpl").unwrap();
    let nl = kernel.connect();
    let say = |n: u32| nl.call(Say, &Msg::new().msg(format!("text {n}, as long as a text may well be"))).unwrap();
    (0..MAX_TEXTS as u32).for_each(|n| drop(say(n)));
    let mut list = nl.dump(List, &()).unwrap();
    let mut seen = vec![list.next().unwrap().unwrap().index.unwrap()];
    say(0);
    seen.extend(list.map(|said| said.unwrap().index.unwrap()));
    assert_eq!(seen, (0..=MAX_TEXTS as u32).collect::<Vec<_>>());
}

#[test]
fn echo_cannot_be_dumped_nor_list_done() {
    let kernel = Kernel::new();
    let module = netloom_modules::load(&kernel, "doc_exmpl").unwrap();
    let id = module.registered().unwrap().id;
    let nl = kernel.connect();
    let dumped = nl.request_raw(id).cmd(1).version(1).dump().and_then(|mut dump| dump.next_ref().unwrap().map(|_| ()));
    assert_eq!(dumped.unwrap_err().errno(), Some(Errno::EOPNOTSUPP));
    let done = nl.request_raw(id).cmd(3).version(1).send();
    assert_eq!(done.unwrap_err().errno(), Some(Errno::EOPNOTSUPP));
}
