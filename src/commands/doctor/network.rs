//! Whether AWS is reached where the profiles need it, by which proxy and with which certificates; and whether this
//! machine's clock is AWS's.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Check, Finding};
use crate::aws::{self, Aws, Reached, Service, Unreached, fallback_region};
use crate::clock;
use crate::commands::progress::Progress;
use crate::key_index::KeyIndex;
use crate::profile::chain::{self, RoleChain, Source};
use crate::profile::config::ConfigFiles;
use crate::profile::endpoints::Endpoints;
use crate::prompt::resolve::users_region;
use crate::provider::runtime;
use crate::world::World;

const CHECK: Check = Check::Network;
/// For one, and so for all: they are asked at the same time.
const PATIENCE: Duration = Duration::from_secs(3);
/// A person wonders from here on.
const SILENCE: Duration = Duration::from_millis(200);
/// A company has many portals and regions, and one way out.
const MOST: usize = 8;
/// Answers take their time, and dates are of whole seconds.
const IN_STEP: u64 = 30;
/// AWS refuses what was signed at another time than this.
const REFUSED: u64 = 5 * 60;

/// A service in a region, with the settings of the profile that needs it.
type Target = (Service, String, Vec<(String, String)>);

/// The finding, and by how many seconds this machine's clock is ahead.
type Told = (Finding, Option<i64>);

pub(super) fn check(world: &World) -> Vec<Finding> {
    let targets = targets(world);
    let more = targets.len().saturating_sub(MOST);
    let mut found = match runtime() {
        Ok(runtime) => {
            let found = runtime.block_on(ask(targets.into_iter().take(MOST).collect(), world));
            // A name that is still looked up must not hold anybody up.
            runtime.shutdown_background();
            found
        }
        Err(error) => vec![Finding::of_error(CHECK, &error, "close other programs")],
    };
    found.extend(
        (more > 0).then(|| Finding::note(CHECK, format!("{more} more endpoints of profiles were not asked"))),
    );
    found
}

/// Where the profiles' credentials come from.
fn targets(world: &World) -> Vec<Target> {
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let mut targets: BTreeSet<Target> = BTreeSet::new();
    let keys = KeyIndex::load(&world.places).unwrap_or_default();
    for (config, name) in
        files.read().iter().flat_map(|config| config.profiles().into_iter().map(move |n| (config, n)))
    {
        let Ok(chain) = chain::as_written(config, &keys, name, &world.original) else { continue };
        let settings = config.profile(name).and_then(|profile| Ok(profile.exports()?)).unwrap_or_default();
        for (service, region) in needed(&chain, world) {
            targets.insert((service, region, settings.clone()));
        }
    }
    if targets.is_empty() {
        let region = users_region(&world.original).unwrap_or_else(|| fallback_region(None).to_owned());
        return vec![(Service::Sts, region, Vec::new())];
    }
    targets.into_iter().collect()
}

fn needed(chain: &RoleChain, world: &World) -> Vec<(Service, String)> {
    let mut needed = Vec::new();
    if let Source::Sso(sso) = &chain.source {
        needed.extend([Service::Portal, Service::Oidc].map(|service| (service, sso.portal.region.clone())));
    }
    let is_sso_alone = !needed.is_empty() && chain.roles.is_empty();
    if !is_sso_alone {
        let region = users_region(&world.original).or_else(|| chain.region.clone());
        let arn = chain.roles.first().map(|role| role.arn.as_str());
        needed.push((Service::Sts, region.unwrap_or_else(|| fallback_region(arn).to_owned())));
    }
    needed
}

/// All at the same time.
async fn ask(targets: Vec<Target>, world: &World) -> Vec<Finding> {
    let progress = Progress::of(&world.original);
    let mut asked: JoinSet<(usize, Told)> = JoinSet::new();
    let (mut urls, mut names) = (Vec::new(), Vec::new());
    for (service, region, settings) in targets {
        let (original, home) = (world.original.clone(), world.places.home.clone());
        let url = Aws::new(Endpoints::new(&original, &settings), &home).url(service, &region).await;
        if let Ok(url) = &url {
            // Profiles that differ in other things meet at one address.
            if urls.contains(&(url.clone(), settings.clone())) {
                continue;
            }
            urls.push((url.clone(), settings.clone()));
        }
        let (at, what) = (names.len(), format!("{service} in {region}"));
        names.push(what.clone());
        asked.spawn(async move {
            let aws = Aws::new(Endpoints::new(&original, &settings), &home);
            let told = match url {
                Ok(url) => one(&aws, &what, &url).await,
                Err(error) => (Finding::of_error(CHECK, &error, "look at the profile's region"), None),
            };
            (at, told)
        });
    }
    let waiting = async {
        sleep(SILENCE).await;
        progress.show("awsenv: asking AWS …");
        std::future::pending::<()>().await;
    };
    let mut found = tokio::select! {
        found = heard(asked, &names, 2 * PATIENCE) => found,
        () = waiting => Vec::new(),
    };
    if progress.is_seen() {
        progress.clear();
    }
    found.sort_by(|(one, _), (other, _)| one.seen.cmp(&other.seen));
    let ahead = found.iter().find_map(|(_, ahead)| *ahead);
    found.into_iter().map(|(finding, _)| finding).chain(ahead.map(skew)).collect()
}

/// What each of these names told, within this time. The clients' own limits come first; this is for what they do not
/// count.
async fn heard(mut asked: JoinSet<(usize, Told)>, names: &[String], time: Duration) -> Vec<Told> {
    let mut told: Vec<Option<Told>> = names.iter().map(|_| None).collect();
    let all = async {
        while let Some(one) = asked.join_next().await {
            // One that broke off has told nothing.
            if let Ok((at, one)) = one {
                told[at] = Some(one);
            }
        }
    };
    let _ = timeout(time, all).await;
    let silent = |name: &String| {
        let seen = format!("{name} is not reached: nothing is known after {} s", time.as_secs());
        (Finding::broken(CHECK, seen, "look at the network and the name servers"), None)
    };
    names.iter().zip(told).map(|(name, told)| told.unwrap_or_else(|| silent(name))).collect()
}

async fn one(aws: &Aws<'_>, what: &str, url: &str) -> Told {
    let proxy = aws.proxy_for(url);
    let by = proxy.map(|name| format!(", by the proxy of {name}")).unwrap_or_default();
    let bundle = aws.ca_bundle();
    let with = bundle.map(|(name, path)| format!(", with the certificates of {name} ({path})"));
    let way = format!("{by}{}", with.unwrap_or_default());
    let unreached = match aws.reach(url, PATIENCE).await {
        Err(error) => {
            return (
                Finding::of_error(CHECK, &error.context(format!("cannot ask {what}")), "mend that setting"),
                None,
            );
        }
        Ok(Ok(Reached { date, status: _ })) => {
            let ahead = date.as_deref().and_then(aws::seconds_ahead);
            return (Finding::ok(CHECK, format!("{what} is reached{way}")), ahead);
        }
        Ok(Err(unreached)) => unreached,
    };
    let (why, fix) = explained(&unreached, proxy, bundle.map(|(name, _)| name));
    (Finding::broken(CHECK, format!("{what} ({}) is not reached{way}: {why}", aws::host(url)), fix), None)
}

/// Why, and what to do about it.
fn explained(unreached: &Unreached, proxy: Option<&str>, bundle: Option<&str>) -> (String, String) {
    let through = |text: &str| match proxy {
        Some(name) => format!("look at {name} and NO_PROXY"),
        None => text.to_owned(),
    };
    match unreached {
        Unreached::Name => {
            ("DNS knows no such host".into(), through("look at the network, the VPN and the region"))
        }
        Unreached::Connection(why) => {
            (format!("no connection: {why}"), through("look at the network; behind a proxy, set HTTPS_PROXY"))
        }
        Unreached::TooLate => (
            format!("no answer in {} s", PATIENCE.as_secs()),
            through("a firewall drops it; behind a proxy, set HTTPS_PROXY"),
        ),
        Unreached::Tls(why) => (
            format!("TLS: {why}"),
            match bundle {
                Some(name) => {
                    format!("{name} must hold the certificate of who answers: ask who runs the network")
                }
                None => "where the network looks into TLS, set AWS_CA_BUNDLE to its certificates".into(),
            },
        ),
        Unreached::ProxyAuthorization => (
            "the proxy wants to know who you are (407)".into(),
            format!("{}=http://USER:PASSWORD@HOST:PORT", proxy.unwrap_or("HTTPS_PROXY")),
        ),
        Unreached::Proxy(why) => (format!("the proxy refuses: {why}"), through("look at the proxy")),
        Unreached::Other(why) => (why.clone(), through("look at the network")),
    }
}

/// By AWS's own date.
fn skew(ahead: i64) -> Finding {
    let seen = format!("this machine's clock is {}", clock::compared(ahead));
    match ahead.unsigned_abs() {
        0..IN_STEP => Finding::ok(CHECK, "this machine's clock is AWS's"),
        IN_STEP..REFUSED => Finding::warning(CHECK, seen, "set it by NTP: from 5 minutes on, AWS refuses"),
        _ => Finding::broken(CHECK, format!("{seen}: AWS refuses what is signed so"), "set it by NTP"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn who_does_not_answer_takes_nothing_from_those_who_do() {
        let mut asked = JoinSet::new();
        let told = runtime().unwrap().block_on(async {
            asked.spawn(async { (0, (Finding::ok(CHECK, "STS is reached"), Some(0))) });
            asked.spawn(std::future::pending());
            heard(asked, &["STS".into(), "the portal".into()], Duration::from_millis(50)).await
        });
        let told: Vec<_> = told.iter().map(|(finding, _)| (finding.result, finding.seen.as_str())).collect();
        assert_eq!(told[0], (Verdict::Ok, "STS is reached"));
        assert_eq!(told[1], (Verdict::Broken, "the portal is not reached: nothing is known after 0 s"));
    }

    #[test]
    fn a_clock_is_right_wrong_or_too_wrong() {
        for (ahead, result) in [(-5, Verdict::Ok), (60, Verdict::Warning), (-600, Verdict::Broken)] {
            assert_eq!(skew(ahead).result, result, "{ahead}");
        }
    }

    #[test]
    fn what_is_in_the_way_has_its_own_fix() {
        let fix = |unreached: Unreached, proxy, bundle| explained(&unreached, proxy, bundle).1;
        assert!(fix(Unreached::Name, None, None).contains("VPN"));
        assert!(fix(Unreached::Name, Some("HTTPS_PROXY"), None).contains("HTTPS_PROXY and NO_PROXY"));
        assert!(fix(Unreached::Tls(String::new()), None, None).contains("set AWS_CA_BUNDLE"));
        assert!(
            fix(Unreached::Tls(String::new()), None, Some("ca_bundle")).starts_with("ca_bundle must hold")
        );
        assert!(fix(Unreached::ProxyAuthorization, Some("https_proxy"), None).starts_with("https_proxy="));
    }
}
