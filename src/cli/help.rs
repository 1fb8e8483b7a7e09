//! What `--help` says below the options: examples, then what is good to know, in lines of 80 columns. A test parses
//! each example.

/// Before everything else, for who has just arrived.
pub(super) const START: &str = "\
Start here:
  eval \"$(awsenv hook bash)\"     at the end of ~/.bashrc (zsh: ~/.zshrc)
  awsenv hook fish | source      in ~/.config/fish/config.fish
  cd project && awsenv init my-profile
  awsenv doctor                  if something does not work
";

pub(super) const OVERVIEW: &str = "\
`awsenv COMMAND --help` has examples.

Environment:
  AWSENV_LOG=info          say on stderr what is done, and why (error to trace)
  AWSENV_MFA_CODE=123456   the code, for one command
  AWSENV_DISABLE=1         the hook does nothing in this shell

Exit codes: 0 done, 1 failed, 2 usage, 3 a person is needed (sign-in, MFA),
4 not allowed.";

/// First what to do, then what there is.
pub(super) const TEMPLATE: &str = "\
{about-with-newline}
{before-help}{usage-heading} {usage}

{all-args}{after-help}";

pub(super) const HOOK: &str = "\
Examples:
  eval \"$(awsenv hook bash)\"     at the end of ~/.bashrc
  eval \"$(awsenv hook zsh)\"      at the end of ~/.zshrc
  awsenv hook fish | source      in ~/.config/fish/config.fish
  awsenv hook direnv > ~/.config/direnv/lib/awsenv.sh

The line for each shell is in docs/shells.md.";

pub(super) const INIT: &str = "\
Examples:
  awsenv init acme-dev
  awsenv init acme-dev --account 111122223333 --region eu-west-1

Without a profile, what other tools have left says which one (AWS_PROFILE, an
.envrc, aws-vault, granted, aws-sso-cli, awsume): it is shown, and written only
if you agree.";

pub(super) const EDIT: &str = "\
Examples:
  awsenv edit
  VISUAL='code --wait' awsenv edit";

pub(super) const ALLOW: &str = "\
Examples:
  awsenv allow
  awsenv allow ~/work/acme

Look at the file first: it decides whose credentials your shell has.";

pub(super) const DENY: &str = "\
Examples:
  awsenv deny
  awsenv deny ~/downloads/acme";

pub(super) const TRUST: &str = "\
Example:
  awsenv trust list";

pub(super) const TRUST_LIST: &str = "\
Examples:
  awsenv trust list
  awsenv trust list --json";

pub(super) const STATUS: &str = "\
Examples:
  awsenv status
  awsenv status --json";

pub(super) const EXPLAIN: &str = "\
Examples:
  awsenv explain
  awsenv explain acme-prod --json";

pub(super) const DOCTOR: &str = "\
Examples:
  awsenv doctor
  awsenv doctor config permissions
  awsenv doctor --offline --json

Checks: hook, rc_files, variables, peers, programs, agent, settings, directory,
config, permissions, disk, store, keychain, network.

Nothing is changed, and no secret is shown. AWS is asked nothing but whether it
is there, for a few seconds.

Exit codes: 0 nothing is broken (there may be warnings), 1 something is.";

pub(super) const USE: &str = "\
Examples:
  awsenv use prod     a [stage.prod] of the .awsenv here, else a profile
  awsenv use          pick one from a list
  awsenv use -        back to what the directory says

It holds until you leave the directory. A stage with `protected = true` asks
first. No other shell changes; shells started from this one begin with it.";

pub(super) const EXEC: &str = "\
Examples:
  awsenv exec -- terraform plan
  awsenv exec acme-prod -- aws s3 ls
  awsenv exec --stage prod -- ./deploy
  awsenv exec --endpoint -- terraform apply

Without a profile it is the directory's, else that of AWS_PROFILE, else
`default`, as AWS clients have it. But where nothing is pinned and the
environment already says who you are by other means, such as
AWS_ACCESS_KEY_ID, it is an error to name none.

Exit codes: the command's own; 2, 3 and 4 as everywhere; 125 awsenv failed,
126 cannot be run, 127 not found.";

pub(super) const CREDENTIALS: &str = "\
Examples:
  credential_process = awsenv credentials acme-dev --format process
  awsenv credentials --format fish | source";

pub(super) const ASSUME_SAML: &str = "\
Example:
  awsenv assume-saml --role-arn arn:aws:iam::111122223333:role/Dev \\
    --principal-arn arn:aws:iam::111122223333:saml-provider/corp < assertion

The assertion comes on standard input: the value of SAMLResponse, in base64.
What is printed is kept nowhere.";

pub(super) const LOGIN: &str = "\
Examples:
  awsenv login
  awsenv login --sso-session corp
  awsenv login acme-dev --device-code

Nothing is done where the sign-in is good still. Over SSH, in a container, in
CI and where there is no browser, a code is shown to type on any device; for a
profile of `aws login`, the device shows a text to paste here. BROWSER or the
setting `browser` names the browser.";

pub(super) const LOGOUT: &str = "\
Examples:
  awsenv logout
  awsenv logout --sso-session corp
  awsenv logout --all

Of an access portal, a console session, or the password of a certificate's key.";

pub(super) const REFRESH: &str = "\
Examples:
  awsenv refresh
  awsenv refresh acme-admin
  awsenv refresh --mfa-code 123456";

pub(super) const SESSION: &str = "\
Examples:
  awsenv session list
  awsenv session clear";

pub(super) const SESSION_LIST: &str = "\
Examples:
  awsenv session list
  awsenv session list --json";

pub(super) const SESSION_CLEAR: &str = "\
Example:
  awsenv session clear";

pub(super) const AGENT: &str = "\
Examples:
  awsenv agent status
  awsenv agent stop

The first directory that wants it starts it; it ends by itself.";

pub(super) const AGENT_STATUS: &str = "\
Examples:
  awsenv agent status
  awsenv agent status --json";

pub(super) const AGENT_STOP: &str = "\
Example:
  awsenv agent stop";

pub(super) const PROMPT: &str = "\
Examples:
  awsenv prompt
  awsenv prompt --format json

In shells with the hook its function `awsenv_prompt` says the same, and starts
no program.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  eval \"$(awsenv completions bash)\"
  awsenv completions zsh > ~/.zfunc/_awsenv
  awsenv completions fish > ~/.config/fish/completions/awsenv.fish
  awsenv completions nushell | save awsenv-completions.nu

The first lines of what is printed say where it belongs.";

pub(super) const MAN: &str = "\
Examples:
  awsenv man | man -l -
  awsenv man exec | man -l -";

pub(super) const SSO: &str = "\
Examples:
  awsenv sso accounts
  awsenv sso populate --dry-run";

pub(super) const SSO_ACCOUNTS: &str = "\
Examples:
  awsenv sso accounts
  awsenv sso accounts --sso-session corp --json";

pub(super) const SSO_ROLES: &str = "\
Examples:
  awsenv sso roles
  awsenv sso roles --account 'acme-*' --role Admin";

pub(super) const SSO_POPULATE: &str = "\
Examples:
  awsenv sso populate --dry-run
  awsenv sso populate --sso-session corp --region eu-west-1
  awsenv sso populate --account 'acme-*' --name '{account_name}/{role}'
  awsenv sso populate --prune
  awsenv sso populate --credential-process

In --name stand {account_name}, {account_id}, {role} and {session}. The
profiles come between two comments, and nothing else in the file is touched;
what you change between them stays. --prune takes out profiles from there, and
with --account or --role only such as these mean. With --credential-process
each new profile also says how a client that knows no sign-in gets its keys:
from awsenv.";

pub(super) const KEY: &str = "\
Examples:
  awsenv key add acme-ci
  awsenv key list";

pub(super) const KEY_ADD: &str = "\
Examples:
  awsenv key add acme-ci
  aws iam create-access-key | awsenv key add acme-ci --stdin

The keychain is the system's (macOS Keychain, Secret Service), else an
encrypted file; AWSENV_KEYCHAIN=auto, os or file chooses.";

pub(super) const KEY_IMPORT: &str = "\
Examples:
  awsenv key import --dry-run
  awsenv key import acme-ci
  awsenv key import --from aws-vault --all

Keys of ~/.aws/credentials are moved: once they are in the keychain, their
lines are taken out of the file, and nothing else there is touched. Other AWS
clients then get them from awsenv: by the hook, by `awsenv exec`, or with
credential_process = awsenv credentials NAME --format process. What aws-vault
has is copied.";

pub(super) const KEY_LIST: &str = "\
Examples:
  awsenv key list
  awsenv key list --json";

pub(super) const KEY_REMOVE: &str = "\
Examples:
  awsenv key remove acme-ci
  awsenv key remove acme-ci --yes

At AWS the keys stay as they are.";

pub(super) const KEY_ROTATE: &str = "\
Examples:
  awsenv key rotate acme-ci
  awsenv key rotate acme-ci --if-older-than 90d

The old key is deleted once AWS has answered to the new one. After an
interruption, the same command goes on.";

pub(super) const CONSOLE: &str = "\
Examples:
  awsenv console                    the directory's, AWS_PROFILE's or default's
  awsenv console acme-prod --service s3 --region eu-west-1
  awsenv console --print | wl-copy
  awsenv console --container        beside the console of another account

A user's long-lived keys sign in by GetFederationToken: for an hour, or
--duration, and with all that the user may do. --policy-arn, or `policy_arns`
below [console] in the settings, bounds that: the session may do what both
allow. The address is good for 15 minutes, and for one browser.";

pub(super) const HISTORY: &str = "\
Examples:
  awsenv history
  awsenv history --here --since 8h
  awsenv history clear

A line for each load and unload of a shell, and for each exec, credentials,
console, assume-saml, `use awsenv` of direnv, and lend. No key stands in it,
and no argument of a command. The setting `history = false` ends it.";

pub(super) const HISTORY_CLEAR: &str = "\
Example:
  awsenv history clear";
