//! Functions over connections of tasks.

use std::pin::Pin;

use netloom_wire::{self as wire, Do, Flags};

use super::connection::Connection;
use super::dump::Dump;
use super::runtime::Runtime;
use crate::Result;
use crate::client::caller::{Ask, Caller};
use crate::client::{Consistent, Object};

impl<R: Runtime> Caller for Connection<R> {
    type Answer<'a, T: Send + 'static> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

    fn answer<'a, T: Send + 'static>(asked: impl Future<Output = Result<T>> + Send + 'a) -> Self::Answer<'a, T> {
        Box::pin(asked)
    }

    fn wait<'a, T: Send + 'static>(
        answer: Self::Answer<'a, T>,
    ) -> impl Future<Output = Result<T>> + Send + use<'a, T, R> {
        answer
    }
}

impl<R: Runtime> Ask for Connection<R> {
    type Dump<O: wire::Dump> = Dump<O, R>;

    async fn call<O>(&self, op: O, request: &O::Request) -> Result<O::Reply>
    where
        O: Do<Request: Sync, Reply: Send> + Send,
    {
        self.request(op, request).reply().await
    }

    async fn send<O>(&self, op: O, request: &O::Request, flags: Flags) -> Result<()>
    where
        O: Do<Request: Sync, Reply: Send> + Send,
    {
        self.request(op, request).flags(flags).send().await.map(drop)
    }

    async fn lend<O, T>(
        &self,
        op: O,
        request: &O::Request,
        flags: Flags,
        read: impl FnOnce(Object<'_, O::Reply>) -> T + Send,
    ) -> Result<T>
    where
        O: Do<Request: Sync, Reply: Send> + Send,
        T: Send,
    {
        self.request(op, request).flags(flags).reply_ref(read).await
    }

    async fn dump<O>(&self, _: O, request: &O::Request) -> Result<Dump<O, R>>
    where
        O: wire::Dump<Request: Sync> + Send,
    {
        Dump::start(self, request).await
    }

    async fn next<O>(dump: &mut Dump<O, R>) -> Option<Result<Object<'_, O::Reply>>>
    where
        O: wire::Dump<Reply: Send> + Send,
    {
        dump.next_ref().await
    }

    fn consistent<O>(
        dump: Dump<O, R>,
        retries: u32,
    ) -> impl Future<Output = Result<Consistent<O::Reply>>> + Send + use<O, R>
    where
        O: wire::Dump<Reply: Send> + Send,
    {
        dump.consistent(retries)
    }
}
