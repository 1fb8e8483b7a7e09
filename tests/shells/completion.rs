//! Tab after `awsenv`: names of profiles and stages, as they are at that moment.

use crate::home::{Home, Rc, awsenv};
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! { a_profile_is_completed a_stage_is_completed a_files_name_is_not_run }

/// The completions as a user has them, and the program by its name in the PATH.
fn start<'a>(shell: &Shell, home: &'a Home) -> Terminal<'a> {
    std::fs::create_dir_all(home.at("bin")).unwrap();
    std::os::unix::fs::symlink(awsenv(), home.at("bin/awsenv")).unwrap();
    let path = home.at("bin").display().to_string();
    let after = match shell.kind {
        Kind::Bash => format!("PATH={path}:$PATH; eval \"$(awsenv completions bash)\""),
        Kind::Zsh => format!(
            "PATH={path}:$PATH; autoload -Uz compinit; compinit -u -D; eval \"$(command awsenv completions zsh)\""
        ),
        Kind::Fish => format!("set -gxp PATH {path}; awsenv completions fish | source"),
        Kind::Xonsh => format!("$PATH.insert(0, '{path}')\nexecx($(awsenv completions xonsh))"),
        Kind::Elvish => format!("set paths = [{path} $@paths]\neval (awsenv completions elvish | slurp)"),
        Kind::Tcsh => {
            format!("set edit; set path = ({path} $path)\neval \"`awsenv completions tcsh | tail -1`\"")
        }
        _ => {
            let file = home.at("completions.nu");
            let output = std::process::Command::new(awsenv()).args(["completions", "nushell"]).output();
            std::fs::write(&file, output.unwrap().stdout).unwrap();
            format!("$env.PATH = ($env.PATH | prepend '{path}')\nsource {}", file.display())
        }
    };
    Terminal::start_with(shell, home, &Rc { after: &after, ..Rc::default() }, &[])
}

fn a_profile_is_completed(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = start(shell, &home);
    let said = terminal.run("awsenv explain alp\t");
    assert!(said.contains("StaticKeys"), "{}", terminal.scene());
    // Written a moment ago.
    home.write(
        "home/.aws/config",
        "[profile fresh]\naws_access_key_id = AKIAFRESH\naws_secret_access_key = s\n",
    );
    let said = terminal.run("awsenv exec --profile fre\t -- printenv AWS_ACCESS_KEY_ID");
    assert!(said.contains("AKIAFRESH\r"), "{}", terminal.scene());
}

fn a_stage_is_completed(shell: &Shell) {
    let home = Home::with_projects();
    home.pin("alpha", "profile = \"alpha\"\n[stage.production]\nprofile = \"beta\"\n");
    let mut terminal = start(shell, &home);
    terminal.run("cd alpha");
    terminal.run("awsenv use pro\t");
    terminal.has_key(Some("AKIABETA"));
    terminal.run("awsenv use alp\t");
    terminal.has_key(Some("AKIAALPHA"));
    // Of a file that nobody has allowed, nothing is offered.
    home.edit("home/alpha/.awsenv", "profile = \"alpha\"\n[stage.secondary]\nprofile = \"beta\"\n");
    let said = terminal.run(&format!("awsenv explain --stage seco{}", tab_in_vain(shell)));
    assert!(!said.contains("secondary"), "{}", terminal.scene());
}

/// Tab where nothing fits: nushell opens a menu that says so, and the first Enter closes that.
fn tab_in_vain(shell: &Shell) -> &'static str {
    if shell.kind == Kind::Nu { "\t\r" } else { "\t" }
}

/// A clone may hold files of any name, and bash puts what it is given into the line as it is.
fn a_files_name_is_not_run(shell: &Shell) {
    let home = Home::with_projects();
    for name in ["first$(touch pwned)", "second`touch pwned`", "third;touch pwned", "plain.toml"] {
        std::fs::write(home.home(name), "").unwrap();
    }
    let mut terminal = start(shell, &home);
    for begun in ["fir", "sec", "thi"] {
        terminal.run(&format!("awsenv deny {begun}{}", tab_in_vain(shell)));
        assert!(!home.home("pwned").exists(), "{}", terminal.scene());
    }
    let said = terminal.run("awsenv deny pla\t");
    assert!(said.contains("plain.toml"), "{}", terminal.scene());
}
