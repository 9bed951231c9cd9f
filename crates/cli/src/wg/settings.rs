//! What the environment says.

use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Page;

/// Settings that `wg` takes from its environment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Colour and keys of pages, and the present time.
    pub page: Page,
    /// `WG_ENDPOINT_RESOLUTION_RETRIES`, if set.
    pub retries: Option<String>,
}

impl Settings {
    /// Those of this process, now.
    pub fn of_process() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self::new(variable, std::io::stdout().is_terminal(), now)
    }

    /// Those that these variables make; `WG_COLOR_MODE` goes before `NO_COLOR`.
    pub fn new(variable: impl Fn(&str) -> Option<String>, terminal: bool, now: i64) -> Self {
        let color = match variable("WG_COLOR_MODE").as_deref() {
            Some("always") => true,
            Some("never") => false,
            _ => terminal && variable("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let keys = variable("WG_HIDE_KEYS").as_deref() == Some("never");
        Self { page: Page { color, keys, now }, retries: variable("WG_ENDPOINT_RESOLUTION_RETRIES") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_unless_told_otherwise() {
        for (mode, no_color, terminal, color) in [
            (None, None, true, true),
            (None, None, false, false),
            (None, Some("1"), true, false),
            (None, Some(""), true, true),
            (Some("always"), Some("1"), false, true),
            (Some("never"), None, true, false),
            (Some("sometimes"), None, true, true),
        ] {
            let variable = |name: &str| match name {
                "WG_COLOR_MODE" => mode.map(str::to_owned),
                "NO_COLOR" => no_color.map(str::to_owned),
                _ => None,
            };
            assert_eq!(Settings::new(variable, terminal, 0).page.color, color, "{mode:?} {no_color:?} {terminal}");
        }
    }

    #[test]
    fn keys_are_hidden_unless_never() {
        for (value, keys) in [(None, false), (Some("never"), true), (Some("Never"), false), (Some("always"), false)] {
            let variable = |name: &str| value.filter(|_| name == "WG_HIDE_KEYS").map(str::to_owned);
            assert_eq!(Settings::new(variable, true, 0).page.keys, keys);
        }
    }
}
