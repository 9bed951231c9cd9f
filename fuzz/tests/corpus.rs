//! Replays the corpora, whole and damaged.

use std::fs;
use std::path::Path;

use netloom_fuzz::{TARGETS, target};

fn inputs(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder).expect("every target has a corpus").flatten().collect();
    files.sort_by_key(|file| file.file_name());
    files.iter().map(|file| fs::read(file.path()).expect("a readable file")).collect()
}

#[test]
fn every_input_passes_whole_cut_and_changed() {
    for target in TARGETS {
        let inputs = inputs(target.name);
        assert!(inputs.len() >= 3, "{} has too small a corpus", target.name);
        for input in inputs {
            (target.run)(&input);
            // Some sixty places of each: ends, and bytes that are often lengths and types.
            let step = input.len() / 60 + 1;
            for at in (0..input.len()).step_by(step) {
                (target.run)(&input[..at]);
                for byte in [0, 3, 0xff, input[at].wrapping_add(1)] {
                    let mut changed = input.clone();
                    changed[at] = byte;
                    (target.run)(&changed);
                }
            }
        }
    }
}

#[test]
fn every_corpus_has_its_target() {
    for folder in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).unwrap().flatten() {
        let name = folder.file_name().into_string().unwrap();
        assert!(target(&name).is_some(), "corpus/{name} has no target");
    }
}
