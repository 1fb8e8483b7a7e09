//! A bash on a terminal, and whose keys its commands have.

use awsenv_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::company::Project;
use crate::door::{Door, identity};
use crate::home::{Home, Rc, awsenv};
use crate::pty::Terminal;
use crate::shell::Shell;

/// What a program is given, between signs that are in no value.
const LOOK: &str = r#"look() { printf '<%s>' "$AWS_ACCESS_KEY_ID|$AWS_SECRET_ACCESS_KEY|$AWS_SESSION_TOKEN|$AWS_CONTAINER_CREDENTIALS_FULL_URI|$AWS_CONTAINER_AUTHORIZATION_TOKEN"; }"#;

/// A shell in one of the directories of a project.
pub struct Worker<'a> {
    terminal: Terminal<'a>,
    whose: String,
    directory: String,
}

/// What became of commands.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// So many were there.
    pub all: usize,
    /// With keys that AWS takes no more, or of somebody else.
    pub expired_or_wrong: usize,
    /// With no keys at all.
    pub without: usize,
    /// What the first of these two kinds had, and its screen.
    pub trouble: Option<String>,
}

impl<'a> Worker<'a> {
    /// At home still.
    pub fn start(
        bash: &Shell,
        home: &'a Home,
        project: &Project,
        directory: &str,
        env: &[(&str, &str)],
    ) -> Self {
        // No script that counts between the hook and the program.
        let after = format!("__awsenv_bin={}\n{LOOK}", awsenv());
        let rc = Rc { after: &after, ..Rc::default() };
        let terminal = Terminal::start_with(bash, home, &rc, env);
        Self { terminal, whose: project.whose.clone(), directory: directory.to_owned() }
    }

    /// Goes to work. Not waited for.
    pub fn begin(&mut self) {
        self.terminal.type_line(&format!("cd {}", self.directory));
    }

    /// A prompt comes.
    pub fn wait(&mut self) {
        self.terminal.wait_for_prompt();
    }

    /// Types a command that looks at its keys. Not waited for.
    pub fn type_command(&mut self) {
        self.terminal.type_line("look");
    }

    /// What that command had.
    pub fn judge(&mut self, sandbox: &Sandbox, commands: &mut Commands) {
        let said = self.terminal.wait_for_prompt();
        commands.all += 1;
        let (_, keys) = said.rsplit_once('<').unwrap_or_else(|| panic!("{}", self.terminal.scene()));
        let keys: Vec<_> = keys.split_once('>').unwrap().0.split('|').collect();
        let answer = match keys[..] {
            ["", "", "", "", ""] => Value::Null,
            ["", "", "", uri, token] => match Door::new(uri, token).ask() {
                (200, answer) => answer,
                (status, answer) => json!({"status": status, "answer": answer}),
            },
            [id, secret, token, ..] => {
                json!({"AccessKeyId": id, "SecretAccessKey": secret, "Token": token})
            }
            _ => panic!("{}", self.terminal.scene()),
        };
        let whose = identity(sandbox, &answer);
        if whose.as_ref().is_some_and(|whose| whose.starts_with(&self.whose)) {
            return;
        }
        match answer["AccessKeyId"] {
            Value::Null => commands.without += 1,
            _ => commands.expired_or_wrong += 1,
        }
        let scene = || format!("{}: {whose:?} {answer}\n{}", self.directory, self.terminal.scene());
        commands.trouble.get_or_insert_with(scene);
    }
}

/// All of them type a command in the same moment.
pub fn work<'a, 'b: 'a>(
    workers: impl Iterator<Item = &'a mut Worker<'b>>,
    sandbox: &Sandbox,
    commands: &mut Commands,
) {
    let mut workers: Vec<_> = workers.collect();
    workers.iter_mut().for_each(|worker| worker.type_command());
    workers.iter_mut().for_each(|worker| worker.judge(sandbox, commands));
}
