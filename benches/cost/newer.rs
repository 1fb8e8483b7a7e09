//! An unchanged prompt in the shells that came later, where they are installed: what the hook does, called many times,
//! and the same shell that does nothing as often. Without what a line editor takes to call it. (elvish asks the program
//! each time: that is `export`.)

use std::path::{Path, PathBuf};
use std::process::Command;

use awsenv_bench::{Comparison, Home, Row, Shell, assert_none_ran, counter, target};

use crate::AWSENV;

const CALLS: u32 = 100;

/// `script`: loads the hook below a pin, has another program asked from then on, and takes `@STEP@` as often as told,
/// for each line that it reads.
struct Kind {
    name: &'static str,
    /// Where `tests/run` puts it.
    built: &'static [&'static str],
    options: &'static [&'static str],
    script: &'static str,
    step: &'static str,
    nothing: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "xonsh",
        built: &["python/bin/xonsh"],
        options: &["--no-rc"],
        script: "exec(__import__('subprocess').check_output(['@BIN@', 'hook', 'xonsh']))
import sys
cd @DIR@
__awsenv_prompted()
assert ${...}['AWS_ACCESS_KEY_ID'] == '@KEY@'
__awsenv_bin = '@COUNTER@'
def t_nothing(**_):
    pass
print('ready', flush=True)
for go in sys.stdin:
    for turn in range(@CALLS@):
        @STEP@
    print('done', flush=True)
",
        step: "__awsenv_prompted()",
        nothing: "t_nothing()",
    },
    Kind {
        name: "nu",
        built: &["node_modules/@nushell/linux-x64/bin/nu", "node_modules/@nushell/linux-arm64/bin/nu"],
        options: &["--no-config-file", "--stdin"],
        script: "source @HOOK@
def --env t_nothing [] {}
cd '@DIR@'
if $env.AWS_ACCESS_KEY_ID != '@KEY@' { exit 1 }
$env.__awsenv.bin = '@COUNTER@'
print ready
def main [] { lines | each {|go| for turn in 1..@CALLS@ { @STEP@ }; print done } | ignore }
",
        step: "__awsenv_doubt; __awsenv_look; __awsenv_follow",
        nothing: "t_nothing; t_nothing; t_nothing",
    },
    Kind {
        name: "tcsh",
        built: &[],
        options: &["-f"],
        script: "eval \"`@BIN@ hook tcsh`\"
cd '@DIR@'
set __awsenv_asking = 1
__awsenv_hook
if ( \"$AWS_ACCESS_KEY_ID\" != '@KEY@' ) exit 1
set __awsenv_bin = '@COUNTER@'
alias t_nothing '@ status = 0'
set turns = ( `seq @CALLS@` )
echo ready
while ( 1 )
    set go = \"$<\"
    if ( \"$go\" == '' ) exit 0
    foreach turn ( $turns )
        @STEP@
    end
    echo done
end
",
        step: "__awsenv_hook",
        nothing: "t_nothing",
    },
];

/// One of each that is there.
pub(crate) fn rows(home: &Home, rounds: usize) -> Vec<Row> {
    let row = |kind: &Kind| {
        let program = kind.program()?;
        let (mut a, mut b) =
            (kind.start(&program, home, kind.step), kind.start(&program, home, kind.nothing));
        let rows = Comparison::of(format!("unchanged prompt, {}", kind.name), || a.time())
            .against("no hook", || b.time())
            .take(rounds);
        assert_none_ran(home);
        Some(rows)
    };
    KINDS.iter().filter_map(row).flatten().collect()
}

impl Kind {
    fn program(&self) -> Option<PathBuf> {
        let shells = target(AWSENV).join("shells");
        let built = self.built.iter().map(|path| shells.join(path));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|dir| dir.join(self.name));
        built.chain(found).find(|path| path.is_file())
    }

    fn start(&self, program: &Path, home: &Home, step: &str) -> Shell {
        let text = |path: &Path| path.display().to_string();
        let hook =
            Command::new(&home.program).args(["hook", self.name]).output().expect("the program starts");
        let file = home.file("hook", &hook.stdout);
        let script = [
            ("@BIN@", text(&home.program)),
            ("@HOOK@", text(&file)),
            ("@DIR@", text(&home.pinned())),
            ("@COUNTER@", text(&counter(home))),
            ("@KEY@", home.key_id.clone()),
            ("@CALLS@", CALLS.to_string()),
            ("@STEP@", step.to_owned()),
        ];
        let script =
            script.iter().fold(self.script.to_owned(), |text, (name, value)| text.replace(name, value));
        let script = home.file(&format!("script.{}", self.name), script.as_bytes());
        let arguments = self.options.iter().map(AsRef::as_ref).chain([script.as_os_str()]);
        Shell::start(program, arguments, home, CALLS)
    }
}
