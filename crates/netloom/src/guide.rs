//! The guide: short chapters, each compiled and run.
//!
//! 1. [Talking to the kernel](talking_to_the_kernel)
//! 2. [Links, addresses, routes](links_addresses_routes)
//! 3. [Being the kernel](being_the_kernel)
//! 4. [A family in ten minutes](a_family_in_ten_minutes), by hand and by spec
//! 5. [Testing your program](testing_your_program)
//! 6. [Pictures](pictures): what lies where, and who hands what to whom
//!
//! Who knows netlink from C finds the names again in the [concordance](crate::concordance).

pub mod a_family_in_ten_minutes {
    #![doc = include_str!("../docs/guide/a_family_in_ten_minutes.md")]
    #[allow(unused_imports)]
    use crate::{client, families, kernel, socket, wire};
}

pub mod being_the_kernel {
    #![doc = include_str!("../docs/guide/being_the_kernel.md")]
    #[allow(unused_imports)]
    use crate::{client, families, kernel, socket, wire};
}

#[cfg(feature = "rtnetlink")]
pub mod links_addresses_routes {
    #![doc = include_str!("../docs/guide/links_addresses_routes.md")]
    #[allow(unused_imports)]
    use crate::{client, families, rtnetlink, wire};
}

pub mod pictures {
    #![doc = include_str!("../docs/guide/pictures.md")]
    #[allow(unused_imports)]
    use crate::{client, families, kernel, socket, wire};
}

pub mod talking_to_the_kernel {
    #![doc = include_str!("../docs/guide/talking_to_the_kernel.md")]
    #[allow(unused_imports)]
    use crate::{Error, client, families, kernel, socket, wire};
}

pub mod testing_your_program {
    #![doc = include_str!("../docs/guide/testing_your_program.md")]
    #[allow(unused_imports)]
    use crate::{Error, client, families, kernel, socket, wire};
}
