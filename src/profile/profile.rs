//! One profile, or one `[sso-session]`: its settings, checked, and where each of them stands.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::Context;

use super::config::{Place, SharedConfig};
use crate::limits;
use crate::message::{Failure, nearest};
use crate::secret::Secret;

/// A profile with what its `include_profile`s add. Nothing comes from `[default]`.
#[derive(Clone, Debug)]
pub struct Profile<'a> {
    config: &'a SharedConfig,
    /// Its own name, then those of the included ones, nearest first.
    layers: Vec<&'a str>,
}

/// Never included: half of one profile's keys beside half of another's would be nobody's.
const OWN_KEYS: &[&str] = &[
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "aws_account_id",
    "include_profile",
];

/// Settings that reach a program as a variable, since it will not see the profile itself.
const VARIABLES: &[(&str, &str)] = &[
    ("ca_bundle", "AWS_CA_BUNDLE"),
    ("defaults_mode", "AWS_DEFAULTS_MODE"),
    ("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
    ("max_attempts", "AWS_MAX_ATTEMPTS"),
    ("retry_mode", "AWS_RETRY_MODE"),
    ("sts_regional_endpoints", "AWS_STS_REGIONAL_ENDPOINTS"),
    ("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT"),
    ("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT"),
];

impl<'a> Profile<'a> {
    pub(super) fn find(config: &'a SharedConfig, name: &str) -> anyhow::Result<Self> {
        let own = config.raw_profile(name).ok_or_else(|| config.missing(name))?;
        let mut profile = Self { config, layers: vec![own.name()] };
        let mut layer = own;
        while let Some(included) = layer.get("include_profile") {
            let place = || config.place("profile", layer.name(), "include_profile");
            let at = || format!("{}: include_profile of {}", shown(place()), layer.name());
            let next =
                config.raw_profile(included).ok_or_else(|| config.missing(included)).with_context(at)?;
            if profile.layers.contains(&next.name()) {
                return Err(circle(place(), "include_profile", &profile.layers, next.name()).into());
            }
            profile.layers.push(next.name());
            layer = next;
        }
        Ok(profile)
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        self.layers[0]
    }

    /// The value as it stands, possibly empty.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.config.raw_profile(self.layer(key)?)?.get(key)
    }

    /// Where the value stands.
    pub fn place(&self, key: &str) -> Option<Place<'a>> {
        self.config.place("profile", self.layer(key)?, key)
    }

    /// The nearest of the layers that has the key.
    fn layer(&self, key: &str) -> Option<&'a str> {
        let has = |layer: &&str| self.config.raw_profile(layer).is_some_and(|raw| raw.get(key).is_some());
        let reach = if OWN_KEYS.contains(&key) { 1 } else { self.layers.len() };
        self.layers[..reach].iter().copied().find(has)
    }

    /// An error about one of its keys: `PATH:LINE: KEY: REASON`. The value is not shown: it may be a secret.
    pub fn fault(&self, key: &str, reason: impl fmt::Display) -> Failure {
        Failure::new(format!("{}: {key}: {reason}", shown(self.place(key))))
    }

    /// The value as one line of text. An empty one is an error: something was begun and not finished.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>, Failure> {
        self.get(key).map(|value| one_line(value).map_err(|reason| self.fault(key, reason))).transpose()
    }

    /// The same of a command line: a tab sets words apart as a blank does.
    pub fn command(&self, key: &str) -> Result<Option<&'a str>, Failure> {
        let Some(value) = self.get(key) else { return Ok(None) };
        one_line(&value.replace('\t', " ")).map_err(|reason| self.fault(key, reason))?;
        Ok(Some(value))
    }

    /// A secret as it stands; only what no variable or header could carry is refused.
    pub fn secret(&self, key: &str) -> Result<Option<Secret>, Failure> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value {
            "" => Err(self.fault(key, EMPTY)),
            _ if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') => {
                Err(self.fault(key, CONTROL))
            }
            _ => Ok(Some(Secret::new(value))),
        }
    }

    /// The value, if it keeps to a limit of AWS's.
    pub fn checked(
        &self,
        key: &str,
        check: impl Fn(&str) -> Result<(), limits::Reason>,
    ) -> Result<Option<String>, Failure> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        check(text).map_err(|reason| self.fault(key, reason))?;
        Ok(Some(text.to_owned()))
    }

    /// `region`, fit for a host name.
    pub fn region(&self) -> Result<Option<String>, Failure> {
        self.checked("region", limits::region)
    }

    /// `duration_seconds`, within what AWS allows for a role.
    pub fn duration_seconds(&self) -> Result<Option<Duration>, Failure> {
        let Some(text) = self.text("duration_seconds")? else { return Ok(None) };
        let seconds =
            text.parse().map_err(|_| self.fault("duration_seconds", "expected whole seconds, like 3600"))?;
        let duration = Duration::from_secs(seconds);
        limits::duration(duration, limits::ROLE_DURATION)
            .map_err(|reason| self.fault("duration_seconds", reason))?;
        Ok(Some(duration))
    }

    /// `session_tags = key = value, other = value`
    pub fn session_tags(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut tags: BTreeMap<String, String> = BTreeMap::new();
        for pair in list(self.text("session_tags")?) {
            let fault = |reason: &str| self.fault("session_tags", reason);
            let (key, value) =
                pair.split_once('=').ok_or_else(|| fault("expected key=value, other=value"))?;
            let (key, value) = (key.trim(), value.trim());
            limits::tag(key, value).map_err(|reason| fault(&reason))?;
            if tags.keys().any(|known| known.eq_ignore_ascii_case(key)) {
                return Err(fault("a key is given twice"));
            }
            tags.insert(key.to_owned(), value.to_owned());
        }
        if tags.len() > 50 {
            return Err(self.fault("session_tags", "AWS allows 50 tags"));
        }
        Ok(tags)
    }

    /// `transitive_session_tags = key, other`; each must be one of the tags.
    pub fn transitive_session_tags(&self, tags: &BTreeMap<String, String>) -> Result<Vec<String>, Failure> {
        let keys = list(self.text("transitive_session_tags")?);
        match keys.iter().find(|key| !tags.keys().any(|tag| tag.eq_ignore_ascii_case(key))) {
            Some(_) => Err(self.fault("transitive_session_tags", "every key must be one of session_tags")),
            None => Ok(keys),
        }
    }

    /// Its `sso_session`, which must exist.
    pub fn sso_session(&self) -> Result<Option<SsoSession<'a>>, Failure> {
        let Some(name) = self.text("sso_session")? else { return Ok(None) };
        let missing = || {
            let failure = self.fault("sso_session", format!("there is no [sso-session {name}]"));
            match nearest(name, self.config.sso_sessions()) {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint("`aws configure sso-session` makes one"),
            }
        };
        self.config.sso_session(name).ok_or_else(missing).map(Some)
    }

    /// The `AWS_*` equivalents of its settings on endpoints, certificates and retries, sorted by name.
    /// A program started with credentials in its environment does not read the profile.
    pub fn exports(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut variables = Vec::new();
        for (key, variable) in VARIABLES {
            if let Some(value) = self.text(key)? {
                variables.push(((*variable).to_owned(), value.to_owned()));
            }
        }
        let ignored = self.text("ignore_configured_endpoint_urls")?;
        if !ignored.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            variables.extend(self.endpoints()?);
        }
        variables.sort();
        Ok(variables)
    }

    fn endpoints(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut urls = Vec::new();
        if let Some(url) = self.text("endpoint_url")? {
            urls.push(("AWS_ENDPOINT_URL".to_owned(), url.to_owned()));
        }
        let Some(name) = self.text("services")? else { return Ok(urls) };
        let settings = self
            .config
            .services(name)
            .ok_or_else(|| self.fault("services", format!("there is no [services {name}]")))?;
        for setting in settings {
            let variable =
                format!("AWS_ENDPOINT_URL_{}", setting.service.replace([' ', '-'], "_").to_uppercase());
            let fault = |reason: &str| {
                Failure::new(format!("{}: {} {}: {reason}", setting.place, setting.service, setting.key))
            };
            let plain = variable.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if setting.key != "endpoint_url" || !plain {
                return Err(fault("has no AWS_* variable, so it cannot reach a program's environment")
                    .hint(format!("take it out of [services {name}]")));
            }
            urls.push((variable, one_line(setting.value).map_err(|reason| fault(&reason))?.to_owned()));
        }
        Ok(urls)
    }
}

/// An `[sso-session]`.
#[derive(Clone, Copy, Debug)]
pub struct SsoSession<'a> {
    config: &'a SharedConfig,
    name: &'a str,
}

impl<'a> SsoSession<'a> {
    pub(super) fn new(config: &'a SharedConfig, name: &'a str) -> Self {
        Self { config, name }
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The value as it stands, possibly empty.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.config.raw_sso_session(self.name)?.get(key)
    }

    /// Where the value stands.
    pub fn place(&self, key: &str) -> Option<Place<'a>> {
        self.config.place("sso-session", self.name, key)
    }

    /// `sso_start_url`
    pub fn start_url(&self) -> Result<String, Failure> {
        self.required("sso_start_url").map(str::to_owned)
    }

    /// `sso_region`, fit for a host name.
    pub fn region(&self) -> Result<String, Failure> {
        let region = self.required("sso_region")?;
        limits::region(region).map_err(|reason| self.fault("sso_region", reason))?;
        Ok(region.to_owned())
    }

    /// `sso_registration_scopes`, as written.
    pub fn scopes(&self) -> Result<Vec<String>, Failure> {
        let text = self.get("sso_registration_scopes").map(one_line).transpose();
        Ok(list(text.map_err(|reason| self.fault("sso_registration_scopes", reason))?))
    }

    fn required(&self, key: &str) -> Result<&'a str, Failure> {
        let missing = || {
            let header = self.config.header("sso-session", self.name);
            Failure::new(format!("{}: [sso-session {}] has no {key}", shown(header), self.name))
        };
        one_line(self.get(key).ok_or_else(missing)?).map_err(|reason| self.fault(key, reason))
    }

    fn fault(&self, key: &str, reason: impl fmt::Display) -> Failure {
        Failure::new(format!("{}: {key}: {reason}", shown(self.place(key))))
    }
}

/// An error about profiles that lead back to themselves, with the way they take.
pub(super) fn circle(place: Option<Place<'_>>, key: &str, path: &[&str], next: &str) -> Failure {
    Failure::new(format!("{}: {key} leads in a circle: {} → {next}", shown(place), path.join(" → ")))
}

/// Every value has a line; the other branch is there so that a gap in the locator is no panic.
pub(super) fn shown(place: Option<Place<'_>>) -> String {
    place.map_or_else(|| "the AWS config".to_owned(), |place| place.to_string())
}

const EMPTY: &str = "the value is empty";
const CONTROL: &str = "the value has a control character in it";

fn one_line(value: &str) -> Result<&str, limits::Reason> {
    match value {
        "" => Err(EMPTY.into()),
        text if text.contains('\n') => {
            Err("the value goes on over several lines, which AWS clients read differently".into())
        }
        text if text.chars().any(char::is_control) => Err(CONTROL.into()),
        text => Ok(text),
    }
}

fn list(text: Option<&str>) -> Vec<String> {
    let items = text.into_iter().flat_map(|text| text.split(','));
    items.map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
