//! Functions over connections of tasks.

use std::pin::Pin;

use super::connection::Connection;
use super::runtime::Runtime;
use crate::Result;
use crate::client::Caller;

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
