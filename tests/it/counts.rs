//! How the bench of instructions judges; it counts nothing here.

use std::collections::BTreeMap;

use awsenv_bench::faults;

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.map(|(what, count)| (what.to_owned(), count)).into()
}

#[test]
fn a_case_is_counted_known_and_no_dearer_than_before() {
    let known = counts([("export, leaving", 100), ("export, entering", 100), ("guard, bash 5.2", 100)]);
    let none: [(String, &str); 0] = [];
    let judged = |counted| Vec::from_iter(faults(&counted, &known));
    // Fewer are welcome, and so is a shell of another version.
    assert_eq!(
        judged(counts([("export, leaving", 110), ("export, entering", 7), ("guard, bash 5.3", 900)])),
        none
    );
    assert_eq!(
        judged(counts([("export, leaving", 111), ("export, new", 1), ("guard, bash 5.2", 111)])),
        [
            ("export, entering".to_owned(), "NOT COUNTED"),
            ("export, leaving".to_owned(), "MORE THAN BEFORE"),
            ("export, new".to_owned(), "NOT IN counts.txt"),
            ("guard, bash 5.2".to_owned(), "MORE THAN BEFORE"),
        ]
    );
}
