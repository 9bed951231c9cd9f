//! nlink, on tokio's current thread.

use futures_util::StreamExt;
use nlink::netlink::messages::RouteMessage;
use nlink::netlink::route::Ipv4Route;
use nlink::netlink::{Connection, Generic, Route as Rtnetlink};

use crate::{Failure, GATEWAY, OIF, PREFSRC, PRIORITY, Route, Told, destination, number};

/// Routes a batch.
const BATCH: u32 = 64;

fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

fn tell(told: &mut Told, message: &RouteMessage) {
    // It takes no filter by address family, and tells of IPv6 besides.
    if !message.is_ipv4() {
        return;
    }
    told.tell(&Route {
        table: message.table_id(),
        dst: message.destination().copied().map_or(0, number),
        priority: message.priority().unwrap_or(0),
        prefsrc: message.prefsrc().copied().map_or(0, number),
        gateway: message.gateway().copied().map_or(0, number),
        oif: message.oif().unwrap_or(0),
    });
}

pub(crate) fn stream() -> Result<Told, Failure> {
    run(async {
        let mut told = Told::default();
        let connection = Connection::<Rtnetlink>::new()?;
        let mut routes = connection.stream_routes().await?;
        while let Some(route) = routes.next().await {
            tell(&mut told, &route?);
        }
        Ok(told)
    })
}

pub(crate) fn collect() -> Result<Told, Failure> {
    run(async {
        let mut told = Told::default();
        for route in Connection::<Rtnetlink>::new()?.get_routes().await? {
            tell(&mut told, &route);
        }
        Ok(told)
    })
}

fn route(n: u32) -> Ipv4Route {
    Ipv4Route::new(destination(n), 32).priority(PRIORITY).prefsrc(PREFSRC).gateway(GATEWAY).dev_index(OIF)
}

pub(crate) fn add(count: u32) -> Result<Told, Failure> {
    run(async {
        let connection = Connection::<Rtnetlink>::new()?;
        for n in 0..count {
            connection.add_route(route(n)).await?;
        }
        Ok(Told { objects: count.into(), sum: 0 })
    })
}

pub(crate) fn add_batch(count: u32) -> Result<Told, Failure> {
    run(async {
        let connection = Connection::<Rtnetlink>::new()?;
        let mut next = 0;
        while next < count {
            let mut batch = connection.batch();
            for n in next..count.min(next + BATCH) {
                batch = batch.add_route(route(n));
            }
            next += BATCH;
            batch.execute_all().await?;
        }
        Ok(Told { objects: count.into(), sum: 0 })
    })
}

pub(crate) fn family(count: u32) -> Result<Told, Failure> {
    run(async {
        let mut told = Told::default();
        let connection = Connection::<Generic>::new()?;
        for _ in 0..count {
            // It remembers: what is measured is asking.
            connection.clear_cache();
            told.objects += 1;
            told.sum += u64::from(connection.get_family_id("nlctrl").await?);
        }
        Ok(told)
    })
}
