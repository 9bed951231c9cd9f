//! The guide: short chapters, each compiled and run.
//!
//! 1. [Talking to the kernel](talking_to_the_kernel)
//! 2. [Being the kernel](being_the_kernel)
//! 3. [A family in ten minutes](a_family_in_ten_minutes), by hand and by spec
//! 4. [Testing your program](testing_your_program)
//! 5. [Pictures](pictures): what lies where, and who hands what to whom
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
