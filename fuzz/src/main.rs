//! The fuzzer: libFuzzer's own `main` calls the target that `NETLOOM_FUZZ` names. Run it through `cargo xtask fuzz`.
#![no_main]

use std::sync::OnceLock;

use netloom_fuzz::{TARGETS, Target, target};

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let name = std::env::var("NETLOOM_FUZZ").unwrap_or_default();
        match target(&name) {
            Some(target) => {
                let _ = CHOSEN.set(target);
            }
            None => {
                eprintln!("$NETLOOM_FUZZ is {name:?}; it names one of:");
                TARGETS.iter().for_each(|target| eprintln!("  {}", target.name));
                std::process::exit(1);
            }
        }
    },
    |data: &[u8]| {
        if let Some(target) = CHOSEN.get() {
            (target.run)(data);
        }
    }
);
