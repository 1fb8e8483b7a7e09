//! `awsenv man`: the manual pages, made from the same definitions as `--help`.

use clap::Command;
use clap_mangen::roff::{Roff, bold, roman};

use crate::message::{Exit, Failure};
use crate::world;

/// What awsenv keeps, and what it reads, for the page of the whole program.
const FILES: [(&str, &str); 8] = [
    (".awsenv", "In a project: whose credentials are meant there. Committed; it holds no secret."),
    ("~/.config/awsenv/config.toml", "Your settings. AWSENV_CONFIG names another file."),
    ("~/.aws/config, ~/.aws/credentials", "The AWS shared config, read as the AWS SDKs do."),
    ("~/.aws/sso/cache/", "Sign-ins, shared with the AWS CLI."),
    ("~/.aws/login/cache/", "Console sessions of `aws login`, likewise."),
    (
        "~/.local/share/awsenv/",
        "What you have allowed and denied; the list of keys, and the encrypted file of them.",
    ),
    ("~/.local/state/awsenv/", "Sessions, sealed, and what may be lost without harm."),
    ("$XDG_RUNTIME_DIR/awsenv/", "What does not outlive a reboot."),
];

/// What it reads of the environment, and sets there.
const VARIABLES: [(&str, &str); 12] = [
    ("AWSENV_DISABLE", "Set to anything, the hook undoes what it did and does nothing in this shell."),
    ("AWSENV_CONFIG", "The settings file."),
    ("AWSENV_LOG", "error, warn, info, debug or trace: say each step on stderr."),
    ("AWSENV_KEYCHAIN", "auto, os or file: where long-lived keys rest."),
    ("AWSENV_MFA_CODE", "The code, for one command; it is not passed on."),
    ("BROWSER", "What opens a sign-in."),
    ("NO_COLOR", "Without colours."),
    (
        "AWS_PROFILE, AWS_CONFIG_FILE, AWS_REGION, AWS_ENDPOINT_URL, AWS_CA_BUNDLE …",
        "As the AWS SDKs read them.",
    ),
    ("HTTPS_PROXY, NO_PROXY", "The way to AWS."),
    (
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION",
        "Set by the hook and by exec.",
    ),
    ("AWSENV_PROFILE, AWSENV_ACCOUNT, AWSENV_EXPIRATION", "Set for prompts."),
    ("AWSENV_STATE", "awsenv's own memory of what it has set."),
];

const SEE_ALSO: &str = "aws(1), direnv(1)";

/// Prints one page: of the whole program, or of a command, as its file is called.
pub fn run(command: Command, page: Option<&str>) -> anyhow::Result<()> {
    let wanted = page.map_or_else(|| "awsenv".to_owned(), |page| format!("awsenv-{page}"));
    let found = pages(command)?.into_iter().find(|(name, _)| *name == wanted);
    let (_, text) = found.ok_or_else(|| {
        Failure::new(format!("there is no page {wanted}")).hint("`awsenv man` lists them").exit(Exit::Usage)
    })?;
    world::out(&text)
}

/// Every page by name: `awsenv`, and one for each command; the committed files in `man/`.
pub fn pages(command: Command) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut command = without_help(command);
    command.build();
    let mut pages = Vec::new();
    add(&command, &mut pages)?;
    Ok(pages)
}

/// `help` says what these pages say.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

fn add(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    pages.push((name.to_owned(), render(command)?));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        add(sub, pages)?;
    }
    Ok(())
}

fn render(command: &Command) -> anyhow::Result<Vec<u8>> {
    let is_whole = !command.get_display_name().unwrap_or_default().contains('-');
    let man = clap_mangen::Man::new(command.clone()).manual("awsenv");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    synopsis(command).to_writer(&mut text)?;
    man.render_description_section(&mut text)?;
    let said = |help: Option<&clap::builder::StyledStr>| help.map(ToString::to_string).unwrap_or_default();
    let help = said(command.get_before_help()) + "\n" + &said(command.get_after_help());
    let paragraphs: Vec<Paragraph<'_>> = help.split("\n\n").filter_map(Paragraph::read).collect();
    let mut roff = Roff::new();
    for paragraph in &paragraphs {
        if let Paragraph::Text(text) = paragraph {
            roff.control("PP", []).text([roman(text.replace('\n', " "))]);
        }
    }
    roff.to_writer(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut roff = Roff::new();
    for paragraph in &paragraphs {
        if let Paragraph::Examples(lines) = paragraph {
            roff.control("SH", ["EXAMPLES"]).control("nf", []);
            roff.text([roman(*lines)]).control("fi", []);
        }
    }
    if is_whole {
        list(&mut roff, "FILES", &FILES);
        list(&mut roff, "ENVIRONMENT", &VARIABLES);
    }
    for paragraph in &paragraphs {
        if let Paragraph::ExitCodes(text) = paragraph {
            roff.control("SH", ["EXIT STATUS"]).text([roman(text.replace('\n', " "))]);
        }
    }
    let see_also = if is_whole { SEE_ALSO } else { "awsenv(1)" };
    roff.control("SH", ["SEE ALSO"]).text([roman(see_also)]);
    roff.to_writer(&mut text)?;
    Ok(with_one_preamble(&text))
}

/// As clap says it in an error: with `--`, and with the names of values. With a line for each of several ways.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for (at, line) in usage.trim_start_matches("Usage:").trim().lines().map(str::trim).enumerate() {
        if at > 0 {
            roff.control("br", []);
        }
        roff.text([bold(name), roman(line.strip_prefix(name).unwrap_or(line))]);
    }
    roff
}

/// Each part comes with the lines that have troff know an apostrophe.
fn with_one_preamble(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let preamble: String = text.split_inclusive('\n').take(2).collect();
    (preamble.clone() + &text.replace(&preamble, "")).into_bytes()
}

fn list(roff: &mut Roff, heading: &str, items: &[(&str, &str)]) {
    roff.control("SH", [heading]);
    for (name, what) in items {
        roff.control("TP", []).text([bold(*name)]).text([roman(*what)]);
    }
}

/// A part of what `--help` says beside the options.
enum Paragraph<'a> {
    Examples(&'a str),
    ExitCodes(&'a str),
    Text(&'a str),
}

impl<'a> Paragraph<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim_matches('\n');
        let (heading, rest) = text.split_once('\n').unwrap_or((text, ""));
        Some(match heading {
            "" => return None,
            "Example:" | "Examples:" | "Start here:" => Self::Examples(rest),
            // The whole page has all of them.
            "Environment:" => return None,
            _ => match text.strip_prefix("Exit codes: ") {
                Some(codes) => Self::ExitCodes(codes),
                None => Self::Text(text),
            },
        })
    }
}
