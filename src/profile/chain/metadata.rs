//! Where a machine or a container is asked who it is, from the user's environment and the profile; asks nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use crate::env::Env;
use crate::message::Failure;
use crate::profile::profile::Profile;
use crate::secret::Secret;

const KEY: &str = "credential_source";

/// The metadata service of an EC2 instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Without a slash at its end.
    pub endpoint: String,
}

/// The credentials endpoint of a container: of ECS, of EKS Pod Identity, of Greengrass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The whole address; the last part of it may be the only thing that keeps others out.
    pub url: String,
    /// What goes along as `Authorization`.
    pub token: Option<ContainerToken>,
}

/// Who the container is, for its endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerToken {
    /// Read again each time: EKS renews it.
    File(PathBuf),
    /// As it stands in the environment.
    Text(Secret),
}

/// `AWS_EC2_METADATA_*`, then the profile's own settings, as the SDKs have it.
pub(super) fn instance(profile: &Profile<'_>, original: &Env) -> Result<Instance, Failure> {
    let says = |name| original.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if says("AWS_EC2_METADATA_DISABLED") {
        return Err(profile.fault(KEY, "AWS_EC2_METADATA_DISABLED is true in the environment"));
    }
    let value = |name: &str| -> Result<Option<String>, Failure> {
        let of_the_environment = original.text(&format!("AWS_{}", name.to_ascii_uppercase()));
        let of_the_profile = || profile.text(name);
        Ok(of_the_environment.map_or_else(of_the_profile, |text| Ok(Some(text)))?.map(str::to_owned))
    };
    if let Some(endpoint) = value("ec2_metadata_service_endpoint")? {
        let whole = endpoint.starts_with("http://") || endpoint.starts_with("https://");
        if !whole || !is_plain(&endpoint) {
            return Err(profile
                .fault(KEY, "the endpoint of the metadata service is no http URL")
                .hint("look at AWS_EC2_METADATA_SERVICE_ENDPOINT, and at ec2_metadata_service_endpoint"));
        }
        return Ok(Instance { endpoint: endpoint.trim_end_matches('/').to_owned() });
    }
    let mode = value("ec2_metadata_service_endpoint_mode")?.map(|mode| mode.to_ascii_lowercase());
    let endpoint = match mode.as_deref() {
        None | Some("ipv4") => "http://169.254.169.254",
        Some("ipv6") => "http://[fd00:ec2::254]",
        Some(_) => {
            return Err(profile
                .fault(KEY, "the mode of the metadata service's endpoint is neither IPv4 nor IPv6")
                .hint("look at AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, and at ec2_metadata_service_endpoint_mode"));
        }
    };
    Ok(Instance { endpoint: endpoint.to_owned() })
}

/// `AWS_CONTAINER_*`: the relative address before the full one, the token's file before the token.
pub(super) fn container(profile: &Profile<'_>, original: &Env) -> Result<Container, Failure> {
    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    let fault = |reason: String| profile.fault(KEY, reason);
    let url = match (original.text(RELATIVE), original.text(FULL)) {
        (Some(path), _) if path.starts_with('/') && is_plain(path) => format!("http://169.254.170.2{path}"),
        (Some(_), _) => return Err(fault(format!("{RELATIVE} in the environment does not begin with /"))),
        (None, Some(url)) => {
            check_host(url).map_err(|reason| fault(format!("{FULL} in the environment: {reason}")))?;
            url.to_owned()
        }
        (None, None) => {
            return Err(fault(format!("neither {RELATIVE} nor {FULL} is set in the environment"))
                .hint("they are there in a container of ECS, or of EKS with Pod Identity"));
        }
    };
    let text = |name| original.text(name);
    let token =
        match (text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), text("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
            (Some(path), _) if !path.starts_with('/') => {
                return Err(fault("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is no whole path".into())
                    .hint("begin it with /: what it means must not depend on where one is"));
            }
            (Some(path), _) => Some(ContainerToken::File(PathBuf::from(path))),
            (None, token) => token.map(|token| ContainerToken::Text(Secret::new(token))),
        };
    Ok(Container { url, token })
}

/// Over plain http, credentials come from this machine or from AWS's own addresses on its link (AWS SDKs and Tools
/// Reference Guide, "Container credential provider").
fn check_host(url: &str) -> Result<(), &'static str> {
    if !is_plain(url) {
        return Err("no URL");
    }
    if url.starts_with("https://") {
        return Ok(());
    }
    let rest = url.strip_prefix("http://").ok_or("no http URL")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_allowed = match host.parse() {
        Ok(IpAddr::V4(ip)) => {
            let own = [Ipv4Addr::new(169, 254, 170, 2), Ipv4Addr::new(169, 254, 170, 23)];
            ip.is_loopback() || own.contains(&ip)
        }
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
        Err(_) => host == "localhost",
    };
    if is_allowed && !authority.contains('@') {
        Ok(())
    } else {
        Err("over http, only loopback, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] give credentials")
    }
}

/// What can be in a URL, and nothing that would end a line of a request.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_come_from_near_or_by_https() {
        for url in [
            "http://127.0.0.1/x",
            "http://127.9.9.9:80",
            "http://localhost:1/creds",
            "http://[::1]:8080/x?a=b",
            "http://169.254.170.2/v2/x",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://example.com/x",
        ] {
            assert_eq!(check_host(url), Ok(()), "{url}");
        }
        for url in [
            "http://169.254.171.23/creds",
            "http://169.254.169.254/",
            "http://127.0.0.1@evil.example/",
            "http://evil.example/127.0.0.1",
            "http://evil.example?@127.0.0.1",
            "http://127.1/",
            "http://[fd00:ec2::24]/",
            "http://localhost.evil.example/",
            "http:///x",
            "ftp://127.0.0.1/",
            "127.0.0.1",
            "http://127.0.0.1/\r\nHost: x",
            "http://127.0.0.1\\@evil.example/",
            "",
        ] {
            assert!(check_host(url).is_err(), "{url}");
        }
    }
}
