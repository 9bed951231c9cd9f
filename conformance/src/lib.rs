//! One suite, two kernels.
