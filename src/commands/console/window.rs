//! What keeps one account's console apart from another's in the browser: a Firefox container, or a profile of a browser
//! of Chromium's family. Both have a colour, which is the account's for ever.

use sha2::{Digest, Sha256};

use crate::commands::browser::{is_installed, named, names, with_flags};
use crate::files;
use crate::message::{Exit, Failure, shown};
use crate::provider::sign_in::encoded;
use crate::session::account_names;
use crate::settings::console::{AUTO, Colour, Extension, Open};
use crate::world::World;

/// In what it is opened, as the command line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window<'a> {
    /// As the settings say.
    Usual,
    /// A Firefox container.
    Container,
    /// A profile of this name; `auto`: the account's own.
    BrowserProfile(&'a str),
}

/// Whose console it is.
#[derive(Debug)]
pub(super) struct Whose<'a> {
    pub(super) profile: &'a str,
    pub(super) account: Option<&'a str>,
    pub(super) is_protected: bool,
}

const FIREFOXES: [&str; 6] =
    ["firefox", "firefox-esr", "firefox-developer-edition", "librewolf", "waterfox", "zen-browser"];
const CHROMIUMS: [&str; 8] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "brave-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
    "vivaldi",
];

/// Two families, which know nothing of each other's flags and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Firefox,
    Chromium,
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Firefox => "Firefox",
            Self::Chromium => "Chromium",
        }
    }

    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Firefox => &FIREFOXES,
            Self::Chromium => &CHROMIUMS,
        }
    }

    /// By what a program is called.
    fn of(program: &str) -> Option<Self> {
        let is = |marks: &[&str]| marks.iter().any(|mark| program.contains(mark));
        match () {
            () if is(&["firefox", "librewolf", "waterfox", "zen-browser"]) => Some(Self::Firefox),
            () if is(&["chrom", "brave", "microsoft-edge", "msedge", "vivaldi"]) => Some(Self::Chromium),
            () => None,
        }
    }

    /// A command is of the family that the first browser in it is of. A program that nobody knows may be a script of
    /// the person's own.
    fn has(self, command: &[String]) -> bool {
        let programs = || command.iter().filter(|word| !word.starts_with('-')).flat_map(|word| names(word));
        match programs().find_map(|program| Self::of(&program)) {
            Some(family) => family == self,
            None => !programs().any(|program| OF_NO_FAMILY.contains(&program.as_str())),
        }
    }
}

/// They open what the person prefers, or are browsers that have neither containers nor profiles.
const OF_NO_FAMILY: [&str; 18] = [
    "xdg-open",
    "open",
    "x-www-browser",
    "www-browser",
    "gnome-www-browser",
    "sensible-browser",
    "gnome-open",
    "gio",
    "kde-open",
    "kde-open5",
    "kfmclient",
    "exo-open",
    "wslview",
    "explorer",
    "start",
    "safari",
    "epiphany",
    "konqueror",
];

/// The command and the address it is given: `usual` is what opens addresses otherwise.
pub(super) fn command(
    window: Window<'_>,
    usual: Vec<String>,
    address: &str,
    whose: &Whose<'_>,
    world: &World,
) -> anyhow::Result<(Vec<String>, String)> {
    let settings = &world.settings.console;
    match (window, settings.open) {
        (Window::BrowserProfile(name), _) => {
            is_nobody_elses(name, whose, world)?;
            Ok((of_profile(name, whose, world)?, address.to_owned()))
        }
        (Window::Usual, Open::BrowserProfile) => {
            let own = whose.account.and_then(|account| settings.accounts.get(account));
            let name = own.and_then(|account| account.browser_profile.as_deref()).unwrap_or(AUTO);
            Ok((of_profile(name, whose, world)?, address.to_owned()))
        }
        (Window::Container, _) | (Window::Usual, Open::Container) => {
            let opener = opener(Family::Firefox, "--container", world)?;
            Ok((opener, in_container(settings.extension, address, &name(whose, world), colour(whose, world))))
        }
        (Window::Usual, Open::Tab) => Ok((usual, address.to_owned())),
    }
}

/// What the person has named, else the first that is here.
fn opener(family: Family, flag: &str, world: &World) -> anyhow::Result<Vec<String>> {
    let name = family.name();
    if let Some(named) = named(world)? {
        if family.has(&named) {
            return Ok(named);
        }
        let why = format!("{flag}: the browser `{}` names no {name}", shown(&named.join(" ")));
        let hint = format!(
            "the setting `browser` has to be the command of a {name}, or of a script that starts one"
        );
        return Err(Failure::new(why).hint(hint).into());
    }
    if cfg!(target_os = "macos") {
        let application = if family == Family::Firefox { "Firefox" } else { "Google Chrome" };
        return Ok(["open", "-na", application, "--args"].map(str::to_owned).into());
    }
    let found = family.programs().iter().find(|program| is_installed(program, &world.original));
    found.map(|program| vec![(*program).to_owned()]).ok_or_else(|| {
        Failure::new(format!("{flag}: there is no {name} on the PATH"))
            .hint("the setting `browser` names the command of yours")
            .into()
    })
}

/// What both extensions read; the name of the container makes it the same one each time.
fn in_container(extension: Extension, address: &str, name: &str, colour: Colour) -> String {
    let scheme = match extension {
        Extension::OpenUrlInContainer => "ext+container",
        Extension::Granted => "ext+granted-containers",
    };
    let (name, address) = (encoded(name), encoded(address));
    format!("{scheme}:name={name}&url={address}&color={}&icon=fingerprint", colour.name())
}

/// One profile for two accounts would be one browser that is signed in to both.
fn is_nobody_elses(name: &str, whose: &Whose<'_>, world: &World) -> Result<(), Failure> {
    let mut accounts = world.settings.console.accounts.iter();
    let other = accounts
        .find(|(id, account)| whose.account != Some(id.as_str()) && account.has_browser_profile(name));
    match other {
        None => Ok(()),
        Some((id, _)) => Err(Failure::new(format!("--browser-profile {name}: that is the profile of {id}"))
            .hint("`--browser-profile auto` is the account's own; the settings name the others")
            .exit(Exit::Usage)),
    }
}

/// A profile of the browser's own, or one that awsenv keeps for the account, so that none of the person's is touched.
fn of_profile(name: &str, whose: &Whose<'_>, world: &World) -> anyhow::Result<Vec<String>> {
    let opener = opener(Family::Chromium, "--browser-profile", world)?;
    if name == AUTO {
        let whom = whose.account.unwrap_or(whose.profile);
        let directory = world.places.data.join("browser").join(directory_name(whom));
        files::private_dir(&directory)?;
        let [red, green, blue] = colour(whose, world).rgb();
        return Ok(with_flags(
            &opener,
            [
                format!("--user-data-dir={}", directory.display()),
                format!("--install-autogenerated-theme={red},{green},{blue}"),
                "--no-first-run".into(),
                "--no-default-browser-check".into(),
            ],
        )?);
    }
    Ok(with_flags(&opener, [format!("--profile-directory={name}")])?)
}

fn directory_name(whom: &str) -> String {
    whom.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// The person's own name for the account, else its id, behind the portal's name if it has one: many accounts may have
/// that, and a container of one name is one container. Without an account, the profile's.
pub(super) fn name(whose: &Whose<'_>, world: &World) -> String {
    let Some(account) = whose.account else { return whose.profile.to_owned() };
    let own = world.settings.console.accounts.get(account).and_then(|account| account.name.clone());
    let portals = || account_names::name(&world.places, account).map(|name| format!("{name} {account}"));
    own.or_else(portals).unwrap_or_else(|| account.to_owned())
}

/// The person's own choice, else red for what is protected, else one of the others, by the account's id.
fn colour(whose: &Whose<'_>, world: &World) -> Colour {
    let own = whose.account.and_then(|account| world.settings.console.accounts.get(account));
    match own.and_then(|account| account.colour) {
        Some(colour) => colour,
        None if whose.is_protected => Colour::Red,
        None => of_account(whose.account.unwrap_or(whose.profile)),
    }
}

/// Red is left for what somebody has said is dangerous.
fn of_account(account: &str) -> Colour {
    let others: Vec<_> =
        Colour::ALL.iter().map(|(_, colour, _)| *colour).filter(|c| *c != Colour::Red).collect();
    others[usize::from(Sha256::digest(account)[0]) % others.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_named_and_no_name_ends_its_field() {
        let address = "http://127.0.0.1:1/a";
        assert_eq!(
            in_container(Extension::OpenUrlInContainer, address, "acme & co", Colour::Turquoise),
            "ext+container:name=acme%20%26%20co&url=http%3A%2F%2F127.0.0.1%3A1%2Fa&color=turquoise&icon=fingerprint"
        );
        let granted = in_container(Extension::Granted, address, "a", Colour::Red);
        assert!(granted.starts_with("ext+granted-containers:name=a&"), "{granted}");
    }

    #[test]
    fn a_command_is_of_the_family_of_its_first_browser() {
        let (firefox, chromium) = (Family::Firefox, Family::Chromium);
        for (command, of) in [
            ("/opt/firefox/firefox", &[firefox][..]),
            ("env MOZ=1 firefox-nightly --new-window %s", &[firefox]),
            ("flatpak run org.mozilla.firefox", &[firefox]),
            ("sh -c 'exec firefox \"$@\"' chromium", &[firefox]),
            ("open -na 'Google Chrome' --args", &[chromium]),
            ("/mnt/c/Apps/Google/CHROME.EXE", &[chromium]),
            ("chromium --class firefox --x /home/me/firefox", &[chromium]),
            ("flatpak run com.google.Chrome", &[chromium]),
            ("/usr/bin/x-www-browser", &[]),
            ("xdg-open", &[]),
            ("sh -c 'sensible-browser \"$@\"' sh", &[]),
            ("cmd.exe /c start", &[]),
            ("/home/me/bin/web", &[firefox, chromium]),
        ] {
            let words = shell_words::split(command).unwrap();
            let has: Vec<_> = [firefox, chromium].into_iter().filter(|family| family.has(&words)).collect();
            assert_eq!(has, of, "{command}");
        }
        for family in [firefox, chromium] {
            let is_own = |program: &&str| Family::of(program) == Some(family);
            assert!(family.programs().iter().all(is_own), "{family:?}");
        }
    }

    #[test]
    fn an_account_keeps_its_colour_and_none_is_red() {
        let colours: Vec<_> = (0..64).map(|id| of_account(&format!("{id:012}"))).collect();
        assert_eq!(of_account("111122223333"), of_account("111122223333"));
        assert!(!colours.contains(&Colour::Red));
        let mut names: Vec<_> = colours.iter().map(|colour| colour.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Colour::ALL.len() - 1, "all of them are used");
        for (name, colour, rgb) in Colour::ALL {
            assert_eq!((colour.name(), colour.rgb()), (name, rgb));
        }
    }
}
