//! Interfaces of userspace implementations beside those of the kernel side.

use super::uapi::Userspace;
use super::{Backend, Change, Device, Error};

/// The interfaces of userspace implementations and those of Linux. A name that both have is the former's, as `wg` has
/// it; another kernel side's interfaces have nothing to do with the sockets of this machine.
pub struct Everywhere<N> {
    /// The userspace implementations.
    pub userspace: Userspace,
    /// The kernel side.
    pub netlink: N,
}

impl<N: Backend> Everywhere<N> {
    fn of(&self, name: &str) -> &dyn Backend {
        if self.userspace.serves(name) { &self.userspace } else { &self.netlink }
    }
}

impl<N: Backend> Backend for Everywhere<N> {
    fn interfaces(&self) -> Result<Vec<String>, Error> {
        let mut names = self.netlink.interfaces()?;
        names.extend(self.userspace.interfaces()?);
        Ok(names)
    }

    fn device(&self, name: &str) -> Result<Device, Error> {
        self.of(name).device(name)
    }

    fn apply(&self, name: &str, change: &Change) -> Result<(), Error> {
        self.of(name).apply(name, change)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// Says which interface was asked for.
    struct Told;

    impl Backend for Told {
        fn interfaces(&self) -> Result<Vec<String>, Error> {
            Ok(vec!["wg7".to_owned()])
        }
        fn device(&self, name: &str) -> Result<Device, Error> {
            Ok(Device::new(name))
        }
        fn apply(&self, name: &str, _: &Change) -> Result<(), Error> {
            Err(Error::new(name))
        }
    }

    #[test]
    fn a_socket_that_answers_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let _live = UnixListener::bind(folder.path().join("utun3.sock")).unwrap();
        drop(UnixListener::bind(folder.path().join("wg7.sock")).unwrap());
        let all = Everywhere { userspace: Userspace::at(folder.path()), netlink: Told };
        assert_eq!(all.interfaces().unwrap(), ["wg7", "utun3"]);
        assert!(all.userspace.serves("utun3") && !all.userspace.serves("wg7"));
        assert_eq!(all.device("wg7").unwrap().name, "wg7");
        assert_eq!(all.apply("wg7", &Change::default()).unwrap_err().to_string(), "wg7");
    }
}
