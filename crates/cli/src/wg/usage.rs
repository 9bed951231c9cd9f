//! How each command is to be called.

use std::fmt;

use super::Field;

/// The usage text of `wg` or of one of its commands.
#[derive(Clone, Copy)]
pub(super) enum Usage<'a> {
    Top,
    Show,
    Showconf,
    Set,
    /// setconf, addconf or syncconf.
    Config(&'a str),
    /// genkey, genpsk or pubkey.
    Key(&'a str),
}

const COMMANDS: [(&str, &str); 9] = [
    ("show", "Print interfaces with their peers, or one field of them"),
    ("showconf", "Print an interface in the form that `setconf' reads"),
    ("set", "Change an interface: its settings, and add, change or remove peers"),
    ("setconf", "Make an interface what a configuration file says"),
    ("addconf", "Add what a configuration file says to an interface"),
    ("syncconf", "Make an interface what a file says, keeping the sessions of peers that stay"),
    ("genkey", "Print a new private key"),
    ("genpsk", "Print a new preshared key"),
    ("pubkey", "Read a private key from standard input and print its public key"),
];

impl fmt::Display for Usage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => {
                writeln!(f, "Usage: wg <cmd> [<args>]\n\nAvailable subcommands:")?;
                COMMANDS.iter().try_for_each(|(name, what)| writeln!(f, "  {name}: {what}"))?;
                write!(f, "`wg <cmd> --help' tells how a subcommand is called.")
            }
            Self::Show => {
                let fields = Field::ALL.map(|(word, _)| word).join(" | ");
                write!(f, "Usage: wg show {{ <interface> | all | interfaces }} [{fields}]")
            }
            Self::Showconf => write!(f, "Usage: wg showconf <interface>"),
            Self::Set => write!(
                f,
                "Usage: wg set <interface> [listen-port <port>] [fwmark <mark>] [private-key <file path>] \
                 [peer <base64 public key> [remove] [preshared-key <file path>] [endpoint <ip>:<port>] \
                 [persistent-keepalive <interval seconds>] \
                 [allowed-ips [+|-]<ip1>/<cidr1>[,[+|-]<ip2>/<cidr2>]...] ]..."
            ),
            Self::Config(command) => write!(f, "Usage: wg {command} <interface> <configuration filename>"),
            Self::Key(command) => write!(f, "Usage: wg {command}"),
        }
    }
}
