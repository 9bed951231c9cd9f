//! Device events in each shell: of Linux, of another namespace and of here, and of kernel sides.

use std::sync::Arc;
use std::time::Duration;

use netloom::client::Dialer;
use netloom::kernel::{Kernel, NetNs};
use netloom::rtnetlink::link;
use netloom::socket::LinuxDialer;
use netloom::uevent::{self, Uevent};
use netloom::{Connection, async_io, tokio, unix};

use crate::elsewhere::{Elsewhere, inside, say};

/// The first event that each shell hears over this kernel side, of what `cause` does to an interface of this name.
fn heard(dialer: &Arc<dyn Dialer>, cause: &dyn Fn(&str)) -> Vec<(&'static str, Uevent)> {
    let mut events = Connection::over(dialer.clone()).uevents().unwrap();
    assert!(events.try_next().is_none());
    cause("blocking");
    let mut all = vec![("blocking", events.next_timeout(Duration::from_secs(60)).expect("it is told").unwrap())];
    macro_rules! shell {
        ($shell:ident) => {
            async {
                let mut events = $shell::Connection::over(dialer.clone()).uevents().unwrap();
                assert!(events.try_next().is_none());
                cause(stringify!($shell));
                (stringify!($shell), events.next().await.expect("it is told").unwrap())
            }
        };
    }
    all.push(::async_io::block_on(shell!(async_io)));
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    all.push(runtime.block_on(shell!(tokio)));
    all
}

fn check(side: &str, all: Vec<(&str, Uevent)>) {
    for (shell, event) in all {
        let told = (event.action(), event.subsystem(), event.get("INTERFACE"), event.sequence().is_some());
        assert_eq!(told, ("add", Some("net"), Some(shell), true), "{side}, {shell}: {event:?}");
        assert_eq!(event.to_string(), format!("add@/devices/virtual/net/{shell}"));
    }
}

#[test]
fn devices_of_another_namespace_of_linux_are_heard_there_alone() {
    if !inside("uevents::devices_of_another_namespace_of_linux_are_heard_there_alone") {
        return;
    }
    let elsewhere = Elsewhere::new();
    let there = Connection::builder().netns(elsewhere.netns()).open().unwrap();
    let made = |nl: &Connection, name: &str| {
        let kinds = ["dummy", "bridge", "veth", "tun"].into_iter();
        kinds.map(|kind| link::add(nl, &link::new(name, kind))).any(|made| made.is_ok())
    };
    if !made(&there, "probe") {
        return say("skipped: uevents of links: this kernel has no link types without a module");
    }
    let mut here = Connection::open().unwrap().uevents().unwrap();
    let dialer: Arc<dyn Dialer> = Arc::new(LinuxDialer::in_namespace(&elsewhere.netns()).unwrap());
    check("Linux", heard(&dialer, &|name| assert!(made(&there, name))));
    assert!(here.try_next().is_none(), "nothing of there is heard here");
}

#[test]
fn devices_of_a_kernel_side_are_heard() {
    let kernel = Kernel::new();
    uevent::register(&kernel).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let _serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    let (here, there) = (NetNs(0), NetNs(1));
    let emit = |ns, name: &str| {
        let event = Uevent::new("add", format!("/devices/virtual/net/{name}"));
        event.with("SUBSYSTEM", "net").with("INTERFACE", name).emit_in(&kernel, ns);
    };
    let sides: [(&str, Arc<dyn Dialer>, NetNs, NetNs); 3] = [
        ("in process", kernel.dialer(kernel.administrator()), here, there),
        ("in process, elsewhere", kernel.dialer_in(there, kernel.administrator()), there, here),
        ("unix", Arc::new(unix::Dialer::connect(&path).unwrap()), here, there),
    ];
    for (side, dialer, own, other) in sides {
        let cause = |name: &str| {
            emit(other, "not this one");
            emit(own, name);
        };
        check(side, heard(&dialer, &cause));
    }
}
