//! Stories that a shell cannot be asked, each with the reason. All others are told in every shell.

use crate::shell::{Kind, Shell, installed};

const CANNOT: &[(Kind, &str, &str)] = &[
    (
        Kind::Xonsh,
        "a_name_that_is_run_would_be_noticed",
        "answers are data: there is no quoting to get wrong",
    ),
    (Kind::Nu, "a_name_that_is_run_would_be_noticed", "answers are data: there is no quoting to get wrong"),
    (Kind::Xonsh, "the_pipe_status_is_kept", "it has no status but the last one's"),
    (Kind::Nu, "the_pipe_status_is_kept", "it has no status but the last one's"),
    (Kind::Xonsh, "later_hooks_see_the_status", "no hook finds the status of a pipe; the last one's is kept"),
    (Kind::Nu, "later_hooks_see_the_status", "no hook finds the status of a pipe; the last one's is kept"),
    (
        Kind::Xonsh,
        "a_trap_of_the_users_survives",
        "Ctrl-C is an exception of Python, and signals have no traps",
    ),
    (Kind::Nu, "a_trap_of_the_users_survives", "it has no traps"),
    (Kind::Nu, "a_name_that_is_not_text", "it has no text but UTF-8, and such a variable ends it"),
    (Kind::Nu, "what_was_no_text_comes_back", "it has no text but UTF-8, and such a variable ends it"),
    (
        Kind::Nu,
        "a_deleted_directory_is_no_trouble",
        "it runs nothing in a directory that is gone, no hook either",
    ),
    (Kind::Nu, "tracing_shows_no_secret", "it has no tracing"),
    (Kind::Nu, "a_trace_with_a_secret_would_be_noticed", "it has no tracing"),
    (
        Kind::Xonsh,
        "a_trace_with_a_secret_would_be_noticed",
        "its tracing shows lines of files, and no values",
    ),
    (Kind::Elvish, "unchanged_prompts_start_no_process", "it has no guard: it asks the program each time"),
    (Kind::Elvish, "drawing_it_starts_no_process", "it has no guard: it asks the program each time"),
    (
        Kind::Elvish,
        "a_guard_that_starts_one_would_be_noticed",
        "it has no guard: it asks the program each time",
    ),
    (
        Kind::Elvish,
        "a_guard_without_its_token_would_be_noticed",
        "it has no guard: it asks the program each time",
    ),
    (
        Kind::Elvish,
        "a_guard_without_its_files_would_be_noticed",
        "it has no guard: it asks the program each time",
    ),
    (
        Kind::Elvish,
        "a_guard_that_is_never_true_would_be_noticed",
        "it has no guard: it asks the program each time",
    ),
    (
        Kind::Elvish,
        "a_guard_that_is_never_doubted_would_be_noticed",
        "it has no guard: it asks the program each time",
    ),
    (Kind::Elvish, "the_status_is_kept", "it has no status: what fails is an exception"),
    (Kind::Elvish, "later_hooks_see_the_status", "it has no status: what fails is an exception"),
    (Kind::Elvish, "the_pipe_status_is_kept", "it has no status: what fails is an exception"),
    (Kind::Elvish, "it_hides_no_status", "it has no status: what fails is an exception"),
    (
        Kind::Tcsh,
        "later_hooks_see_the_status",
        "a hook's first command is the first to spoil it; the last one's is kept",
    ),
    (Kind::Tcsh, "the_pipe_status_is_kept", "it has no status but the last one's"),
    (Kind::Elvish, "tracing_shows_no_secret", "it has no tracing"),
    (Kind::Elvish, "a_trace_with_a_secret_would_be_noticed", "it has no tracing"),
    (Kind::Elvish, "a_trap_of_the_users_survives", "it has no traps"),
    (Kind::Tcsh, "a_trace_with_a_secret_would_be_noticed", "what its eval shows goes nowhere"),
    (Kind::Elvish, "in_the_second_phase", "it asks again at the prompt that follows"),
    (Kind::Tcsh, "a_trap_of_the_users_survives", "it takes none at a terminal"),
    (Kind::Elvish, "a_login_shell_brings_an_original_of_its_own", "it has no login shells"),
];

/// Tells a story in a shell, if it can be told there.
pub(crate) fn tell(kind: Kind, name: &str, story: impl Fn(&Shell)) {
    let cannot = CANNOT.iter().any(|(shell, story, _)| (*shell, *story) == (kind, name));
    if !cannot {
        story(&installed(kind));
    }
}

/// A name that is nobody's would hide a story from its shell for nothing.
#[test]
fn every_exception_is_that_of_a_story() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shells");
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let text: String =
        files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for (_, story, _) in CANNOT {
        assert!(text.contains(&format!("fn {story}(")), "there is no story {story}");
    }
}
