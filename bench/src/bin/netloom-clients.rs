//! `netloom-clients JOB CLIENT COUNT`: the work that others are measured by, done by netloom. Prints what they print, and
//! the allocations. `prepare` makes a fresh network namespace ready for it.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::Instant;

use netloom::Connection;
use netloom::client::Object;
use netloom::families::nlctrl::{self, CtrlAttrs};
use netloom::families::rt_route::{self, Getroute, RouteAttr, RouteProtocol, RouteType, Rtmsg};
use netloom::rtnetlink::{Prefix, addr, link};

#[path = "../sys.rs"]
#[allow(dead_code, reason = "the rest is the measurer's")]
mod sys;

type Failure = Box<dyn Error>;

/// What a route tells, of which a sum is made, so that nobody can leave anything out.
#[derive(Default)]
struct Route {
    table: u32,
    dst: u32,
    priority: u32,
    prefsrc: u32,
    gateway: u32,
    oif: u32,
}

#[derive(Default)]
struct Told {
    objects: u64,
    sum: u64,
}

impl Told {
    #[inline]
    fn tell(&mut self, route: &Route) {
        let Route { table, dst, priority, prefsrc, gateway, oif } = *route;
        self.objects += 1;
        self.sum += [table, dst, priority, prefsrc, gateway, oif].into_iter().map(u64::from).sum::<u64>();
    }
}

/// An address as the four bytes on the wire.
#[inline]
fn bits(ip: Ipv4Addr) -> u32 {
    u32::from_ne_bytes(ip.octets())
}

#[inline]
fn number(ip: Option<IpAddr>) -> u32 {
    match ip {
        Some(IpAddr::V4(ip)) => bits(ip),
        _ => 0,
    }
}

fn ipv4() -> rt_route::Route {
    rt_route::Route::new().header(Rtmsg { rtm_family: 2, ..Rtmsg::default() })
}

/// Sets the loopback up, with an address that gateways are near to.
fn prepare() -> Result<Told, Failure> {
    let nl = Connection::open()?;
    link::up(&nl, "lo")?;
    addr::add(&nl, "lo", "192.0.2.1/24".parse::<Prefix>()?)?;
    Ok(Told::default())
}

/// One pass over the attributes where they lie.
fn pass() -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let mut told = Told::default();
    let mut routes = nl.dump(Getroute, &ipv4())?;
    while let Some(object) = routes.next_ref() {
        told.tell(&one_pass(&object?));
    }
    Ok(told)
}

#[inline]
fn one_pass(object: &Object<'_, rt_route::Route>) -> Route {
    let mut route = Route::default();
    for attr in object.attrs() {
        match attr {
            RouteAttr::Table(value) => route.table = value,
            RouteAttr::Dst(IpAddr::V4(value)) => route.dst = bits(value),
            RouteAttr::Priority(value) => route.priority = value,
            RouteAttr::Prefsrc(IpAddr::V4(value)) => route.prefsrc = bits(value),
            RouteAttr::Gateway(IpAddr::V4(value)) => route.gateway = bits(value),
            RouteAttr::Oif(value) => route.oif = value,
            _ => {}
        }
    }
    route
}

/// Those of an owned struct.
#[inline]
fn fields(route: &rt_route::Route) -> Route {
    Route {
        table: route.table.unwrap_or(0),
        dst: number(route.dst),
        priority: route.priority.unwrap_or(0),
        prefsrc: number(route.prefsrc),
        gateway: number(route.gateway),
        oif: route.oif.unwrap_or(0),
    }
}

/// Owned structs.
fn owned() -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let mut told = Told::default();
    for route in nl.dump(Getroute, &ipv4())? {
        told.tell(&fields(&route?));
    }
    Ok(told)
}

/// Owned structs, each where the one before was.
fn again() -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let mut told = Told::default();
    let mut routes = nl.dump(Getroute, &ipv4())?;
    let mut route = rt_route::Route::new();
    while let Some(read) = routes.next_into(&mut route) {
        read?;
        told.tell(&fields(&route));
    }
    Ok(told)
}

/// Six times one attribute.
fn keys() -> Result<Told, Failure> {
    type Set = rt_route::Route;
    let nl = Connection::open()?;
    let mut told = Told::default();
    let mut routes = nl.dump(Getroute, &ipv4())?;
    while let Some(object) = routes.next_ref() {
        let attrs = object?.attrs();
        told.tell(&Route {
            table: attrs.get(Set::TABLE).unwrap_or(0),
            dst: number(attrs.get(Set::DST)),
            priority: attrs.get(Set::PRIORITY).unwrap_or(0),
            prefsrc: number(attrs.get(Set::PREFSRC)),
            gateway: number(attrs.get(Set::GATEWAY)),
            oif: attrs.get(Set::OIF).unwrap_or(0),
        });
    }
    Ok(told)
}

fn destination(n: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | n))
}

fn front() -> Rtmsg {
    Rtmsg {
        rtm_family: 2,
        rtm_dst_len: 32,
        rtm_table: 254,
        rtm_protocol: RouteProtocol::STATIC,
        rtm_type: RouteType::UNICAST,
        ..Rtmsg::default()
    }
}

const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const GATEWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

fn unicast(n: u32) -> rt_route::Route {
    rt_route::Route::new().header(front()).dst(destination(n)).priority(7).prefsrc(OURS).gateway(GATEWAY).oif(1)
}

/// The same, to be written in place.
#[inline]
fn attributes(n: u32) -> [RouteAttr<'static>; 5] {
    [
        RouteAttr::Dst(destination(n)),
        RouteAttr::Priority(7),
        RouteAttr::Prefsrc(OURS),
        RouteAttr::Gateway(GATEWAY),
        RouteAttr::Oif(1),
    ]
}

/// One request a send, each acknowledged.
fn add(count: u32) -> Result<Told, Failure> {
    let (nl, mut route) = (Connection::open()?, unicast(0));
    for n in 0..count {
        route.dst = Some(destination(n));
        nl.request(rt_route::Newroute, &route).create().excl().send()?;
    }
    Ok(Told { objects: count.into(), sum: 0 })
}

fn delete(count: u32) -> Result<Told, Failure> {
    let (nl, mut route) = (Connection::open()?, unicast(0));
    for n in 0..count {
        route.dst = Some(destination(n));
        nl.request(rt_route::Delroute, &route).send()?;
    }
    Ok(Told { objects: count.into(), sum: 0 })
}

/// Each written in place.
fn add_lent(count: u32) -> Result<Told, Failure> {
    let nl = Connection::open()?;
    for n in 0..count {
        nl.request(rt_route::Newroute, &(front(), attributes(n))).create().excl().send()?;
    }
    Ok(Told { objects: count.into(), sum: 0 })
}

fn delete_lent(count: u32) -> Result<Told, Failure> {
    let nl = Connection::open()?;
    for n in 0..count {
        nl.request(rt_route::Delroute, &(front(), attributes(n))).send()?;
    }
    Ok(Told { objects: count.into(), sum: 0 })
}

/// All of it in one batch.
fn add_batch(count: u32) -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let (mut batch, mut route) = (nl.batch(), unicast(0));
    for n in 0..count {
        route.dst = Some(destination(n));
        batch.push(nl.request(rt_route::Newroute, &route).create().excl())?;
    }
    batch.send()?.all()?;
    Ok(Told { objects: count.into(), sum: 0 })
}

fn delete_batch(count: u32) -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let (mut batch, mut route) = (nl.batch(), unicast(0));
    for n in 0..count {
        route.dst = Some(destination(n));
        batch.push(nl.request(rt_route::Delroute, &route))?;
    }
    batch.send()?.all()?;
    Ok(Told { objects: count.into(), sum: 0 })
}

/// Each written in place.
fn add_batch_lent(count: u32) -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let mut batch = nl.batch();
    for n in 0..count {
        batch.push(nl.request(rt_route::Newroute, &(front(), attributes(n))).create().excl())?;
    }
    batch.send()?.all()?;
    Ok(Told { objects: count.into(), sum: 0 })
}

fn delete_batch_lent(count: u32) -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let mut batch = nl.batch();
    for n in 0..count {
        batch.push(nl.request(rt_route::Delroute, &(front(), attributes(n))))?;
    }
    batch.send()?.all()?;
    Ok(Told { objects: count.into(), sum: 0 })
}

/// The same in a task.
fn add_batch_tokio(count: u32) -> Result<Told, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let nl = netloom::tokio::Connection::open()?;
        let (mut batch, mut route) = (nl.batch(), unicast(0));
        for n in 0..count {
            route.dst = Some(destination(n));
            batch.push(nl.request(rt_route::Newroute, &route).create().excl()).await?;
        }
        batch.send().await?.all()?;
        Ok(Told { objects: count.into(), sum: 0 })
    })
}

fn add_batch_lent_tokio(count: u32) -> Result<Told, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let nl = netloom::tokio::Connection::open()?;
        let mut batch = nl.batch();
        for n in 0..count {
            batch.push(nl.request(rt_route::Newroute, &(front(), attributes(n))).create().excl()).await?;
        }
        batch.send().await?.all()?;
        Ok(Told { objects: count.into(), sum: 0 })
    })
}

/// GETFAMILY by whichever connection for tasks, one after the other.
macro_rules! family_in_task {
    ($connection:ty, $count:ident) => {
        async {
            let nl = <$connection>::open()?;
            let ask = CtrlAttrs::new().family_name("nlctrl");
            let mut told = Told::default();
            for _ in 0..$count {
                told.objects += 1;
                let asked = nl.request(nlctrl::Getfamily, &ask);
                told.sum +=
                    asked.reply_ref(|family| family.attrs().first(CtrlAttrs::FAMILY_ID)).await?.map_or(0, u64::from);
            }
            Ok(told)
        }
    };
}

fn family_tokio(count: u32) -> Result<Told, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(family_in_task!(netloom::tokio::Connection, count))
}

fn family_async_io(count: u32) -> Result<Told, Failure> {
    async_io::block_on(family_in_task!(netloom::async_io::Connection, count))
}

/// The pass over the attributes, in a task.
fn pass_tokio() -> Result<Told, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let nl = netloom::tokio::Connection::open()?;
        let mut told = Told::default();
        let mut routes = nl.dump(Getroute, &ipv4()).await?;
        while let Some(object) = routes.next_ref().await {
            told.tell(&one_pass(&object?));
        }
        Ok(told)
    })
}

/// The id is read where it lies.
fn family(count: u32) -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let ask = CtrlAttrs::new().family_name("nlctrl");
    let mut told = Told::default();
    for _ in 0..count {
        told.objects += 1;
        let asked = nl.request(nlctrl::Getfamily, &ask);
        told.sum += asked.reply_ref(|family| family.attrs().first(CtrlAttrs::FAMILY_ID))?.map_or(0, u64::from);
    }
    Ok(told)
}

/// All of it is read and owned: ops and groups, too.
fn family_owned(count: u32) -> Result<Told, Failure> {
    let nl = Connection::open()?;
    let ask = CtrlAttrs::new().family_name("nlctrl");
    let mut told = Told::default();
    for _ in 0..count {
        told.objects += 1;
        told.sum += u64::from(nl.call(nlctrl::Getfamily, &ask)?.family_id.unwrap_or(0));
    }
    Ok(told)
}

/// What callgrind counts, by its name.
#[inline(never)]
fn measured(job: &str, client: &str, count: u32) -> Result<Told, Failure> {
    match (job, client) {
        ("prepare", "netloom") => prepare(),
        ("dump", "pass") => pass(),
        ("dump", "owned") => owned(),
        ("dump", "again") => again(),
        ("dump", "get") => keys(),
        ("add", "netloom") => add(count),
        ("delete", "netloom") => delete(count),
        ("add", "batch") => add_batch(count),
        ("delete", "batch") => delete_batch(count),
        ("add", "batch-tokio") => add_batch_tokio(count),
        ("add", "lent") => add_lent(count),
        ("delete", "lent") => delete_lent(count),
        ("add", "batch-lent") => add_batch_lent(count),
        ("delete", "batch-lent") => delete_batch_lent(count),
        ("add", "batch-lent-tokio") => add_batch_lent_tokio(count),
        ("family", "netloom") => family(count),
        ("family", "owned") => family_owned(count),
        ("family", "tokio") => family_tokio(count),
        ("family", "async-io") => family_async_io(count),
        ("dump", "pass-tokio") => pass_tokio(),
        _ => Err("no such client for this job".into()),
    }
}

/// The most memory that this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [job, client, count] = words.as_slice() else {
        eprintln!("netloom-clients JOB CLIENT COUNT");
        return ExitCode::from(2);
    };
    let (begun, heap) = (Instant::now(), sys::Heap::count());
    match measured(job, client, count.parse().unwrap_or(0)) {
        Ok(told) => {
            let nanos = begun.elapsed().as_nanos();
            let (allocations, _) = heap.end();
            println!("{} {} {nanos} {} {allocations}", told.objects, told.sum, peak());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("netloom-clients: {error}");
            ExitCode::FAILURE
        }
    }
}
