//! `AWSENV_STATE`: any value is the memory of this user, or none; what is read is written the same, and undone.
#![no_main]

use awsenv::env::Env;
use awsenv::prompt::memory::{Memory, STATE, pack, unpack};
use awsenv::prompt::variables::is_ours_to_touch;
use libfuzzer_sys::fuzz_target;

const UID: u32 = 1000;

fuzz_target!(|input: &str| {
    // The state, and what else is in the environment: `NAME=value`, separated by NUL as everywhere.
    let (state, rest) = input.split_once('\0').unwrap_or((input, ""));
    let mut current = unpack(rest.as_bytes());
    assert_eq!(unpack(&pack(&current)), current);
    current.set(STATE, state);
    let Some(memory) = Memory::read(&current, UID) else { return };
    assert_eq!(memory.uid, UID);
    let written: Env = [(STATE, memory.write())].into_iter().collect();
    assert_eq!(Memory::read(&written, UID).as_ref(), Some(&memory));
    for shell in [memory.pid, memory.pid.wrapping_add(1)] {
        let undone = memory.undo(&current, shell, None);
        for (name, value) in undone.original.iter() {
            let touched = current.get(name) != Some(value);
            assert!(!touched || name.to_str().is_some_and(is_ours_to_touch), "{name:?} became {value:?}");
        }
    }
});
