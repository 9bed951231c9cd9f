//! Tables kept true against a kernel side that misbehaves, in each shell: whatever is lost, torn or done in silence, what
//! they tell adds up, and in the end they are as the kernel side is.
#![cfg(all(feature = "tokio", feature = "async-io", feature = "rtnetlink"))]

mod world;

/// What the cases name.
mod common {
    pub(crate) use std::collections::BTreeMap;
    pub(crate) use std::time::{Duration, Instant};

    pub(crate) use netloom::client::Change;
    pub(crate) use netloom::rtnetlink::Links;

    /// For what comes in the end, however slow the machine.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

    pub(crate) use crate::world::{Messages, Mirror, Passing, Random, World, may_happen};
}

#[allow(clippy::while_let_on_iterator, reason = "the loops are those of futures, too")]
mod blocking {
    use super::common::*;

    macro_rules! wait {
        ($waited:expr) => {
            $waited
        };
    }
    macro_rules! soon {
        ($table:expr, $time:expr) => {
            $table.next_timeout($time)
        };
    }
    macro_rules! case {
        (fn $name:ident($nl:ident, $world:ident) $body:block) => {
            #[test]
            fn $name() {
                let $world = World::new();
                let $nl = netloom::Connection::over($world.dialer());
                $body
            }
        };
    }

    include!("cases.rs");
}

mod tokio {
    use super::common::*;

    macro_rules! wait {
        ($waited:expr) => {
            $waited.await
        };
    }
    macro_rules! soon {
        ($table:expr, $time:expr) => {
            ::tokio::time::timeout($time, $table.next()).await.ok().flatten()
        };
    }
    macro_rules! case {
        (fn $name:ident($nl:ident, $world:ident) $body:block) => {
            #[::tokio::test]
            async fn $name() {
                let $world = World::new();
                let $nl = netloom::tokio::Connection::over($world.dialer());
                $body
            }
        };
    }

    include!("cases.rs");
}

mod async_io {
    use super::common::*;

    macro_rules! wait {
        ($waited:expr) => {
            $waited.await
        };
    }
    macro_rules! soon {
        ($table:expr, $time:expr) => {
            futures_lite::future::or($table.next(), async {
                ::async_io::Timer::after($time).await;
                None
            })
            .await
        };
    }
    macro_rules! case {
        (fn $name:ident($nl:ident, $world:ident) $body:block) => {
            #[test]
            fn $name() {
                ::async_io::block_on(async {
                    let $world = World::new();
                    let $nl = netloom::async_io::Connection::over($world.dialer());
                    $body
                });
            }
        };
    }

    include!("cases.rs");
}
