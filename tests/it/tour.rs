//! The tour of the README, step by step.

use std::path::Path;
use std::process::Stdio;

use awsenv::env::Env;
use awsenv_parts::cargo;

#[test]
fn every_step_of_the_tour_holds() {
    let mut tour = cargo();
    tour.args(["run", "--quiet", "--example", "tour", "--", "--script"]).stdin(Stdio::null());
    let own = Env::of_this_process();
    let home = own.get("HOME").map(Path::new).map(|home| home.join(".aws"));
    let before = home.as_deref().map(Path::exists);
    let output = tour.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("\n~ $ cd acme\n") && text.contains("That was the tour"), "{text}");
    assert_eq!(home.as_deref().map(Path::exists), before, "nobody's own ~/.aws");
}
