#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code, reason = "the others are programs of their own")]
mod targets;

libfuzzer_sys::fuzz_target!(
    init: targets::keep_caught_panics_quiet(),
    |data: &[u8]| targets::chunks(data)
);
