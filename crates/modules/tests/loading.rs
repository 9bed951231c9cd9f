//! Loading and unloading modules.

use netloom::Errno;
use netloom::families::nlctrl::Getfamily;
use netloom::families::wireguard::{AllowedIp, Device, GetDevice, Peer, SetDevice};
use netloom::kernel::{Kernel, NetNs};
use netloom_modules::load;

fn links(kernel: &Kernel) -> Vec<String> {
    kernel.links(NetNs::default()).all().into_iter().map(|link| link.name).collect()
}

fn families(kernel: &Kernel) -> Vec<String> {
    let all = kernel.connect().dump(Getfamily, &Default::default()).unwrap().map(Result::unwrap);
    all.filter_map(|family| family.family_name).collect()
}

#[test]
fn what_cannot_be_loaded_says_why_and_leaves_nothing() {
    let kernel = Kernel::new();
    for (text, errno, says) in [
        ("wiregard=wg0", Errno::ENOENT, "there are doc_exmpl, journal, ovs_packet, wireguard"),
        ("", Errno::ENOENT, "there are doc_exmpl, journal, ovs_packet, wireguard"),
        ("doc_exmpl=x", Errno::EINVAL, "makes no devices"),
        ("wireguard=", Errno::EINVAL, "a device name is missing"),
        ("wireguard=wg0,", Errno::EINVAL, "a device name is missing"),
        ("wireguard=wg0,a/b", Errno::EINVAL, "\"a/b\" is no device name"),
        ("wireguard=wg0,sixteen-bytes-xx", Errno::EINVAL, "1 to 15 bytes"),
        ("wireguard=wg0,wg0", Errno::EEXIST, "there is a device wg0 already"),
    ] {
        let error = load(&kernel, text).map(drop).unwrap_err();
        assert!(error.errno() == errno && error.to_string().contains(says), "{text}: {error}");
        assert_eq!((links(&kernel), families(&kernel)), (vec![], vec!["nlctrl".to_owned()]), "{text}");
    }
}

#[test]
fn unloading_takes_all_back_but_not_while_a_dump_runs() {
    let kernel = Kernel::new();
    let mut module = load(&kernel, "wireguard=wg0,wg1").unwrap();
    let error = load(&kernel, "wireguard").map(drop).unwrap_err();
    assert!(error.to_string().contains("loaded already"), "{error}");
    assert_eq!(links(&kernel), ["wg0", "wg1"], "the second one must not have taken the first one's");

    let nl = kernel.connect();
    let ips: Vec<_> =
        (0..2_000).map(|n| AllowedIp::new().family(2).ipaddr(std::net::Ipv4Addr::from_bits(n)).cidr_mask(32)).collect();
    let peer = Peer::new().public_key([1; 32]).allowedips(ips);
    nl.call(SetDevice, &Device::new().ifname("wg0").peers([peer])).unwrap();
    let mut dump = nl.dump(GetDevice, &Device::new().ifname("wg0")).unwrap();
    dump.next().unwrap().unwrap();
    let error = module.unload().unwrap_err();
    assert!(error.is_in_use() && error.errno() == Errno::EBUSY, "{error}");
    assert_eq!((links(&kernel).len(), families(&kernel).len()), (2, 2), "nothing has changed");
    dump.for_each(|part| drop(part.unwrap()));
    module.unload().unwrap();
    assert_eq!((links(&kernel), families(&kernel)), (vec![], vec!["nlctrl".to_owned()]));
    module.unload().unwrap();
    drop(load(&kernel, "wireguard=wg0").unwrap());
    assert!(links(&kernel).is_empty(), "dropping it is unloading it");
}
