//! The command line of `netloom`.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

/// Netlink at both ends: call the Linux kernel, or be it.
#[derive(Debug, Parser)]
#[command(name = "netloom", version, subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    /// Print keys and other secrets as they are instead of `(hidden)`
    #[arg(long, global = true)]
    pub show_keys: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What `netloom` does.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show and change WireGuard interfaces: a drop-in for `wg`
    #[command(disable_help_flag = true)]
    Wg {
        /// The arguments of `wg`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_follows_wg_is_wgs_own() {
        for rest in [&["show", "--help"][..], &["-h"], &["--version"], &["set", "wg0", "listen-port", "-1"], &[]] {
            let line = ["netloom", "--show-keys", "wg"].iter().chain(rest);
            let args = Args::try_parse_from(line).unwrap();
            let Verb::Wg { args: seen } = args.verb;
            assert_eq!(seen, rest);
            assert!(args.show_keys);
        }
    }
}
