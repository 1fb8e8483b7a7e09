//! `awsenv man`: the manual page, made from the same definitions as `--help`.

use clap::Command;

use crate::world;

/// Prints the page of the whole program. `command` is the whole command line.
pub fn run(command: Command) -> anyhow::Result<()> {
    let page = pages(command)?
        .into_iter()
        .find(|(name, _)| name == "awsenv")
        .map(|(_, text)| text)
        .unwrap_or_default();
    world::out(&page)
}

/// Every page by name: `awsenv`, and one for each command; the committed files in `man/`.
pub fn pages(mut command: Command) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    command.build();
    let mut pages = vec![("awsenv".to_owned(), render(&command)?)];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let name: &'static str = Box::leak(format!("awsenv-{}", sub.get_name()).into_boxed_str());
        pages.push((name.to_owned(), render(&sub.clone().name(name))?));
    }
    Ok(pages)
}

fn render(command: &Command) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    Ok(text)
}
