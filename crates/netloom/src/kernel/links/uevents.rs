//! What is told of links as devices: to those who listen to uevents, if the kernel side has that protocol.

use super::Link;
use super::rtnl::Rtnl;
use crate::uevent::Uevent;

/// A device's queues: one to receive and one to send, as of a device that asks for no more.
const QUEUES: [&str; 2] = ["rx-0", "tx-0"];

impl Rtnl<'_> {
    /// A device has come, and its queues.
    // net/core/net-sysfs.c: netdev_register_kobject, register_queue_kobjects
    pub(super) fn device_added(&self, link: &Link) {
        self.emit(&device("add", link, None));
        self.queues("add", link);
    }

    /// A device has another name.
    // drivers/base/core.c: device_rename; lib/kobject.c: kobject_rename
    pub(super) fn device_renamed(&self, link: &Link, old: &str) {
        self.emit(&device("move", link, Some(old)));
    }

    /// A device is gone.
    // net/core/net-sysfs.c: netdev_unregister_kobject, remove_queue_kobjects
    pub(super) fn device_removed(&self, link: &Link) {
        self.queues("remove", link);
        self.emit(&device("remove", link, None));
    }

    fn queues(&self, action: &str, link: &Link) {
        for queue in QUEUES {
            let path = format!("{}/queues/{queue}", path(&link.name));
            self.emit(&Uevent::new(action, path).with("SUBSYSTEM", "queues"));
        }
    }
}

fn path(name: &str) -> String {
    format!("/devices/virtual/net/{name}")
}

// drivers/base/core.c: dev_uevent; net/core/net-sysfs.c: netdev_uevent
fn device(action: &str, link: &Link, old: Option<&str>) -> Uevent {
    let mut event = Uevent::new(action, path(&link.name)).with("SUBSYSTEM", "net");
    if let Some(old) = old {
        event = event.with("DEVPATH_OLD", path(old));
    }
    if let Some(kind) = link.device.device_type() {
        event = event.with("DEVTYPE", kind);
    }
    event.with("INTERFACE", link.name.as_str()).with("IFINDEX", link.index.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::kernel::{Kernel, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};
    use crate::uevent;

    struct Device(Option<&'static str>);
    impl LinkDevice for Device {
        fn defaults(&self) -> LinkDefaults {
            LinkDefaults::default()
        }
        fn device_type(&self) -> Option<&str> {
            self.0
        }
    }
    struct Kind(Option<&'static str>);
    impl LinkKind for Kind {
        fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
            Ok(Arc::new(Device(self.0)))
        }
    }

    /// As Linux 6.18 tells of a bridge and a tun device, but for numbers.
    #[test]
    fn devices_are_told_of_as_linux_does() {
        let kernel = Kernel::new();
        uevent::register(&kernel).unwrap();
        kernel.add_link_kind("bridge", Arc::new(Kind(Some("bridge")))).unwrap();
        kernel.add_link_kind("tun", Arc::new(Kind(None))).unwrap();
        let listen = |ns| kernel.socket_in(ns, uevent::PROTOCOL, kernel.administrator()).unwrap();
        let mut events = uevent::Events::over(listen(NetNs(0))).unwrap();
        let mut elsewhere = uevent::Events::over(listen(NetNs(1))).unwrap();
        let links = kernel.links(NetNs(0));
        let bridge = links.create("bridge", "br0").unwrap();
        let tun = links.create("tun", "t0").unwrap();
        links.set_up(tun.index, true).unwrap();
        links.rename(tun.index, "t1").unwrap();
        links.remove(bridge.index).unwrap();
        let device = "/devices/virtual/net";
        let expected = [
            format!("add@{device}/br0 SUBSYSTEM=net DEVTYPE=bridge INTERFACE=br0 IFINDEX=1 SEQNUM=1"),
            format!("add@{device}/br0/queues/rx-0 SUBSYSTEM=queues SEQNUM=2"),
            format!("add@{device}/br0/queues/tx-0 SUBSYSTEM=queues SEQNUM=3"),
            format!("add@{device}/t0 SUBSYSTEM=net INTERFACE=t0 IFINDEX=2 SEQNUM=4"),
            format!("add@{device}/t0/queues/rx-0 SUBSYSTEM=queues SEQNUM=5"),
            format!("add@{device}/t0/queues/tx-0 SUBSYSTEM=queues SEQNUM=6"),
            format!("move@{device}/t1 SUBSYSTEM=net DEVPATH_OLD={device}/t0 INTERFACE=t1 IFINDEX=2 SEQNUM=7"),
            format!("remove@{device}/br0/queues/rx-0 SUBSYSTEM=queues SEQNUM=8"),
            format!("remove@{device}/br0/queues/tx-0 SUBSYSTEM=queues SEQNUM=9"),
            format!("remove@{device}/br0 SUBSYSTEM=net DEVTYPE=bridge INTERFACE=br0 IFINDEX=1 SEQNUM=10"),
        ];
        for expected in expected {
            let event = events.next().unwrap().unwrap();
            let told: Vec<String> = event.variables().skip(2).map(|(key, value)| format!("{key}={value}")).collect();
            assert_eq!(format!("{event} {}", told.join(" ")), expected);
            assert_eq!(event.get("DEVPATH"), Some(event.path()));
        }
        let now = std::time::Duration::ZERO;
        assert!(events.next_timeout(now).is_none() && elsewhere.next_timeout(now).is_none());
    }
}
