//! The proxy of the environment. The SDK's HTTP client reads it too, and goes without where it cannot.

use std::ffi::OsStr;

use aws_smithy_http_client::proxy::ProxyConfig;
use hyper_util::client::proxy::matcher::Matcher;

use crate::env::Env;
use crate::message::Failure;

/// As the environment says, for calls to this endpoint; a proxy that says nothing is an error.
pub(super) fn proxy(env: &Env, endpoint: Option<&str>) -> Result<ProxyConfig, Failure> {
    match named(env, endpoint) {
        Some((name, value)) if !value.to_str().is_some_and(is_understood) => {
            // Its value is not shown: a password may stand in it.
            Err(Failure::new(format!("{name} is no URL of a proxy")).hint(
                "write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with special characters as %XX",
            ))
        }
        _ => Ok(ProxyConfig::from_env()),
    }
}

/// The variable whose proxy calls to this address take, if they take one: `NO_PROXY` may say otherwise.
pub(super) fn taken(env: &Env, url: &str) -> Option<&'static str> {
    let (name, _) = named(env, Some(url))?;
    // The client reads the process's own variables, and so does this.
    Matcher::from_env().intercept(&url.parse().ok()?).map(|_| name)
}

/// The variable that counts for calls to this endpoint, and its value.
fn named<'e>(env: &'e Env, endpoint: Option<&str>) -> Option<(&'static str, &'e OsStr)> {
    let is_plain = endpoint.is_some_and(|url| url.starts_with("http://"));
    let own = if is_plain { ["HTTP_PROXY", "http_proxy"] } else { ["HTTPS_PROXY", "https_proxy"] };
    // Of two spellings the first that is set counts, even if it is empty.
    let set = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env.get(name)?)));
    let named = [own, ["ALL_PROXY", "all_proxy"]].into_iter().filter_map(set);
    named.into_iter().find(|(_, value)| !value.is_empty())
}

fn is_understood(value: &str) -> bool {
    let any = "http://example.com/".parse().expect("it is a URI");
    Matcher::builder().all(value).build().intercept(&any).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(variables: &[(&str, &str)], endpoint: Option<&str>) -> Option<String> {
        let env: Env = variables.iter().copied().collect();
        proxy(&env, endpoint).err().map(|failure| failure.what)
    }

    #[test]
    fn a_proxy_that_cannot_be_understood_is_named_without_its_password() {
        let bad = "http://u:p w@[::bad";
        for (name, endpoint) in [
            ("HTTPS_PROXY", None),
            ("https_proxy", Some("https://localhost")),
            ("HTTP_PROXY", Some("http://localhost")),
            ("all_proxy", None),
        ] {
            assert_eq!(refused(&[(name, bad)], endpoint), Some(format!("{name} is no URL of a proxy")));
        }
    }

    #[test]
    fn what_counts_is_what_the_call_would_take() {
        let bad = "no proxy";
        for good in ["http://u:p%20w@[::1]:3128", "https://proxy", "proxy:3128", "socks5h://proxy:1080", ""] {
            assert_eq!(refused(&[("HTTPS_PROXY", good), ("https_proxy", bad)], None), None, "{good}");
        }
        assert_eq!(refused(&[("HTTP_PROXY", bad)], None), None);
        assert_eq!(refused(&[("HTTPS_PROXY", bad)], Some("http://localhost")), None);
        assert!(
            refused(&[("HTTPS_PROXY", "http://good"), ("ALL_PROXY", bad)], None).is_none(),
            "nobody takes it"
        );
    }
}
