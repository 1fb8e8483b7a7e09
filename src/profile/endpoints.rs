//! Where a service is reached, as far as the environment and the profile say it. Reaches nothing itself.

use crate::env::Env;
use crate::message::Failure;

/// How [`Endpoints::fingerprint`] calls that of STS, which says whose credentials are.
pub const STS: &str = "endpoint";
/// How [`Endpoints::fingerprint`] calls the endpoint that console sessions alone are renewed at.
pub const SIGN_IN: &str = "sign-in";
/// How [`Endpoints::fingerprint`] calls the endpoint that only certificates are shown to.
pub const ROLES_ANYWHERE: &str = "roles anywhere";

/// The user's environment, then the profile's settings (as variables, see `Profile::exports`): the order of
/// every SDK.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints<'a> {
    original: &'a Env,
    settings: &'a [(String, String)],
}

impl<'a> Endpoints<'a> {
    /// From the environment with our own values undone, and the profile's settings.
    pub fn new(original: &'a Env, settings: &'a [(String, String)]) -> Self {
        Self { original, settings }
    }

    /// The environment with our own values undone.
    pub fn original(&self) -> &'a Env {
        self.original
    }

    /// A setting by the name of its variable.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        let of_the_profile =
            || self.settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        self.original.text(name).or_else(of_the_profile)
    }

    /// A setting that is `true` or `false`.
    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.value(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Failure::new(format!("{name} is neither true nor false"))),
        }
    }

    /// `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, then the profile's own two (AWS SDKs and Tools Reference
    /// Guide, "Service-specific endpoints").
    pub fn url(&self, service: &str) -> Option<&'a str> {
        let ignored = self
            .value("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
        if ignored {
            return None;
        }
        let names = [format!("AWS_ENDPOINT_URL_{service}"), "AWS_ENDPOINT_URL".to_owned()];
        let of_the_environment = names.iter().find_map(|name| self.original.text(name));
        of_the_environment.or_else(|| names.iter().find_map(|name| self.value(name)))
    }

    /// What steers the calls that sessions come from: part of a session's key.
    pub fn fingerprint(&self) -> Vec<(&'static str, String)> {
        let url = |service, name| self.url(service).map(|url| (name, url.to_owned()));
        let urls = [
            url("STS", STS),
            url("SSO", "portal"),
            url("SIGNIN", SIGN_IN),
            url("ROLESANYWHERE", ROLES_ANYWHERE),
        ];
        let flags = ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"];
        urls.into_iter()
            .flatten()
            .chain(flags.into_iter().filter_map(|name| Some((name, self.value(name)?.to_owned()))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_and_the_service_before_all() {
        let settings = [
            ("AWS_ENDPOINT_URL".to_owned(), "profile-all".to_owned()),
            ("AWS_ENDPOINT_URL_STS".to_owned(), "profile-sts".to_owned()),
        ];
        let url = |variables: &[(&str, &str)]| {
            let env: Env = variables.iter().copied().collect();
            Endpoints::new(&env, &settings).url("STS").map(str::to_owned)
        };
        assert_eq!(url(&[]).as_deref(), Some("profile-sts"));
        assert_eq!(url(&[("AWS_ENDPOINT_URL", "all")]).as_deref(), Some("all"));
        assert_eq!(
            url(&[("AWS_ENDPOINT_URL", "all"), ("AWS_ENDPOINT_URL_STS", "sts")]).as_deref(),
            Some("sts")
        );
        assert_eq!(url(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]), None);
    }
}
