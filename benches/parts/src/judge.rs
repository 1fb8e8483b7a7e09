//! What of a count is amiss, beside what was counted before.

use std::collections::BTreeMap;

/// Of what was counted before. Another linker or libc is within it; one more file that is parsed is not.
const TOLERANCE: f64 = 1.1;

/// By what was counted. A case of `export` is in both, or one was forgotten; a guard is of one version of its shell, and
/// another counts otherwise.
pub fn faults(
    counted: &BTreeMap<String, u64>,
    known: &BTreeMap<String, u64>,
) -> BTreeMap<String, &'static str> {
    let fault = |what: &String| match (counted.get(what), known.get(what)) {
        (Some(count), Some(before)) if *count as f64 > *before as f64 * TOLERANCE => Some("MORE THAN BEFORE"),
        (Some(_), None) if is_ours(what) => Some("NOT IN counts.txt"),
        (None, Some(_)) if is_ours(what) => Some("NOT COUNTED"),
        _ => None,
    };
    let all = counted.keys().chain(known.keys());
    all.filter_map(|what| Some((what.clone(), fault(what)?))).collect()
}

/// Needs no shell.
fn is_ours(what: &str) -> bool {
    what.starts_with("export, ")
}
