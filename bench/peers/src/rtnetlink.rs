//! rtnetlink, on tokio's current thread.

use std::net::Ipv4Addr;

use futures_util::TryStreamExt;
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute, RouteMessage};
use rtnetlink::{Handle, RouteMessageBuilder};

use crate::{Failure, GATEWAY, OIF, PREFSRC, PRIORITY, Route, Told, destination, number};

/// With a connection that a task of its own drives, as it is meant.
fn run<T>(work: impl AsyncFnOnce(Handle) -> Result<T, Failure>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        tokio::spawn(connection);
        work(handle).await
    })
}

fn address(address: &RouteAddress) -> u32 {
    match address {
        RouteAddress::Inet(ip) => number((*ip).into()),
        _ => 0,
    }
}

pub(crate) fn dump() -> Result<Told, Failure> {
    run(async |handle| {
        let mut told = Told::default();
        let mut routes = handle.route().get(RouteMessageBuilder::<Ipv4Addr>::new().build()).execute();
        while let Some(message) = routes.try_next().await? {
            let mut route = Route::default();
            for attr in &message.attributes {
                match attr {
                    RouteAttribute::Table(value) => route.table = *value,
                    RouteAttribute::Destination(value) => route.dst = address(value),
                    RouteAttribute::Priority(value) => route.priority = *value,
                    RouteAttribute::PrefSource(value) => route.prefsrc = address(value),
                    RouteAttribute::Gateway(value) => route.gateway = address(value),
                    RouteAttribute::Oif(value) => route.oif = *value,
                    _ => {}
                }
            }
            told.tell(&route);
        }
        Ok(told)
    })
}

fn route(n: u32) -> RouteMessage {
    RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(destination(n), 32)
        .priority(PRIORITY)
        .pref_source(PREFSRC)
        .gateway(GATEWAY)
        .output_interface(OIF)
        .build()
}

pub(crate) fn add(count: u32) -> Result<Told, Failure> {
    run(async |handle| {
        for n in 0..count {
            handle.route().add(route(n)).execute().await?;
        }
        Ok(Told { objects: count.into(), sum: 0 })
    })
}
