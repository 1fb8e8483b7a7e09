//! Where the console is, and where one signs in to it: by partition, and in each by region.

use crate::aws::fallback_region;
use crate::env::Env;
use crate::message::{Exit, Failure, shown};
use crate::provider::federation::Endpoint;

use super::services::Service;

/// A partition of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    /// As ARNs name it.
    pub(super) name: &'static str,
    /// What its regions begin with.
    regions: &'static str,
    /// The one that has its global services.
    main: &'static str,
    sign_in: &'static str,
    console: &'static str,
}

/// Sign-in hosts: the endpoint rules of the SDKs for the service of that name. The last one's regions are all others.
#[rustfmt::skip]
const ALL: [Partition; 8] = [
    Partition { name: "aws-cn", regions: "cn-", main: "cn-north-1", sign_in: "signin.amazonaws.cn", console: "console.amazonaws.cn" },
    Partition { name: "aws-us-gov", regions: "us-gov-", main: "us-gov-west-1", sign_in: "signin.amazonaws-us-gov.com", console: "console.amazonaws-us-gov.com" },
    Partition { name: "aws-eusc", regions: "eusc-", main: "eusc-de-east-1", sign_in: "signin.amazonaws-eusc.eu", console: "console.amazonaws-eusc.eu" },
    Partition { name: "aws-iso", regions: "us-iso-", main: "us-iso-east-1", sign_in: "signin.c2shome.ic.gov", console: "console.c2shome.ic.gov" },
    Partition { name: "aws-iso-b", regions: "us-isob-", main: "us-isob-east-1", sign_in: "signin.sc2shome.sgov.gov", console: "console.sc2shome.sgov.gov" },
    Partition { name: "aws-iso-e", regions: "eu-isoe-", main: "eu-isoe-west-1", sign_in: "signin.csphome.adc-e.uk", console: "console.csphome.adc-e.uk" },
    Partition { name: "aws-iso-f", regions: "us-isof-", main: "us-isof-south-1", sign_in: "signin.csphome.hci.ic.gov", console: "console.csphome.hci.ic.gov" },
    Partition { name: "aws", regions: "", main: "us-east-1", sign_in: "signin.aws.amazon.com", console: "console.aws.amazon.com" },
];

/// Regions that sign in at the partition's own host, without their name before it.
const AT_THE_PARTITIONS: [&str; 3] = ["us-east-1", "cn-north-1", "us-gov-west-1"];

impl Partition {
    /// The one that a region lies in.
    pub(super) fn of_region(region: &str) -> Self {
        let found = ALL.into_iter().find(|partition| region.starts_with(partition.regions));
        found.unwrap_or(ALL[ALL.len() - 1])
    }

    /// The one that an ARN names.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let name = arn.split(':').nth(1)?;
        ALL.into_iter().find(|partition| partition.name == name)
    }

    /// Which of its regions is shown.
    pub(super) fn region<'a>(&self, asked: Option<&'a str>) -> anyhow::Result<&'a str> {
        match asked {
            None => Ok(self.main),
            Some(region) if Self::of_region(region) == *self => Ok(region),
            Some(region) => Err(Failure::new(format!(
                "{region} is no region of {}, where these keys are good",
                self.name
            ))
            .hint(format!("name one: --region {}", self.main))
            .exit(Exit::Usage)
            .into()),
        }
    }

    /// Where browsers sign in.
    pub(super) fn endpoint(&self, region: &str, original: &Env) -> anyhow::Result<Endpoint> {
        if let Some(url) = original.text(OVERRIDE) {
            return endpoint_at(url, region).map_err(Into::into);
        }
        let before = if AT_THE_PARTITIONS.contains(&region) { String::new() } else { format!("{region}.") };
        Ok(Endpoint {
            origin: format!("https://{before}{}", self.sign_in),
            path: "/federation".into(),
            region: region.to_owned(),
        })
    }

    /// The address of a service.
    pub(super) fn page(&self, service: &Service, region: &str) -> String {
        let region = if service.is_global { self.main } else { region };
        let (path, fragment) = service.path.split_once('#').unwrap_or((service.path, ""));
        let hash = if fragment.is_empty() { "" } else { "#" };
        format!("https://{region}.{}/{path}?region={region}{hash}{fragment}", self.console)
    }

    /// An address that somebody else wrote. Whoever follows it is signed in: it has to lead to the console, and nowhere
    /// else.
    pub(super) fn check(&self, address: &str) -> Result<(), Failure> {
        let host = address.strip_prefix("https://").map(|rest| {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            rest[..end].to_ascii_lowercase()
        });
        let is_console = host.is_some_and(|host| {
            let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
            let before = host.strip_suffix(self.console);
            plain
                && before.is_some_and(|before| {
                    let labels = before.strip_suffix('.').map(|labels| labels.split('.'));
                    before.is_empty()
                        || labels.is_some_and(|mut labels| labels.all(|label| !label.is_empty()))
                })
        });
        match is_console && address.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(()),
            false => Err(Failure::new(format!("--destination {}: no page of the console", shown(address)))
                .hint(format!(
                    "an address that begins with https:// and whose host is {} or ends in .{0}",
                    self.console
                ))
                .exit(Exit::Usage)),
        }
    }
}

/// The region for calls where nobody names one.
pub(super) fn calls_in<'a>(region: Option<&'a str>, arn: Option<&str>) -> &'a str {
    region.unwrap_or(fallback_region(arn))
}

const OVERRIDE: &str = "AWSENV_FEDERATION_URL";

/// Keys are sent there.
fn endpoint_at(url: &str, region: &str) -> Result<Endpoint, Failure> {
    let url = url.trim_end_matches('/');
    let at = url.find("://").map_or(0, |at| at + 3);
    let (authority, path) = match url[at..].find(['/', '?', '#']) {
        Some(end) => url.split_at(at + end),
        None => (url, "/federation"),
    };
    let host = authority[at..].split(':').next().unwrap_or_default();
    let is_safe = match &url[..at] {
        "https://" => true,
        "http://" => ["127.0.0.1", "localhost"].contains(&host),
        _ => false,
    };
    let plain = |text: &str, marks: &[u8]| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || marks.contains(&b))
    };
    if is_safe && plain(host, b"-.") && plain(&authority[at..], b"-.:") && plain(path, b"-._~/") {
        return Ok(Endpoint { origin: authority.into(), path: path.into(), region: region.to_owned() });
    }
    Err(Failure::new(format!("{OVERRIDE}: {}: no address that keys may be sent to", shown(url)))
        .hint("https://HOST/PATH, or http:// on 127.0.0.1")
        .exit(Exit::Usage))
}

#[cfg(test)]
mod tests {
    use super::super::services::service;
    use super::*;

    #[test]
    fn each_region_has_its_hosts() {
        for (region, sign_in, page) in [
            ("us-east-1", "signin.aws.amazon.com", "us-east-1.console.aws.amazon.com"),
            ("eu-west-1", "eu-west-1.signin.aws.amazon.com", "eu-west-1.console.aws.amazon.com"),
            ("mx-central-1", "mx-central-1.signin.aws.amazon.com", "mx-central-1.console.aws.amazon.com"),
            ("cn-north-1", "signin.amazonaws.cn", "cn-north-1.console.amazonaws.cn"),
            ("cn-northwest-1", "cn-northwest-1.signin.amazonaws.cn", "cn-northwest-1.console.amazonaws.cn"),
            ("us-gov-west-1", "signin.amazonaws-us-gov.com", "us-gov-west-1.console.amazonaws-us-gov.com"),
            (
                "us-gov-east-1",
                "us-gov-east-1.signin.amazonaws-us-gov.com",
                "us-gov-east-1.console.amazonaws-us-gov.com",
            ),
            (
                "eusc-de-east-1",
                "eusc-de-east-1.signin.amazonaws-eusc.eu",
                "eusc-de-east-1.console.amazonaws-eusc.eu",
            ),
            ("us-iso-east-1", "us-iso-east-1.signin.c2shome.ic.gov", "us-iso-east-1.console.c2shome.ic.gov"),
            (
                "us-isob-east-1",
                "us-isob-east-1.signin.sc2shome.sgov.gov",
                "us-isob-east-1.console.sc2shome.sgov.gov",
            ),
            (
                "eu-isoe-west-1",
                "eu-isoe-west-1.signin.csphome.adc-e.uk",
                "eu-isoe-west-1.console.csphome.adc-e.uk",
            ),
            (
                "us-isof-south-1",
                "us-isof-south-1.signin.csphome.hci.ic.gov",
                "us-isof-south-1.console.csphome.hci.ic.gov",
            ),
        ] {
            let partition = Partition::of_region(region);
            let endpoint = partition.endpoint(region, &Env::default()).unwrap();
            assert_eq!(endpoint.origin + &endpoint.path, format!("https://{sign_in}/federation"));
            let home = partition.page(service("home").unwrap(), region);
            assert_eq!(home, format!("https://{page}/console/home?region={region}"));
            assert_eq!(partition.check(&home).map_err(|failure| failure.what), Ok(()));
        }
    }

    #[test]
    fn what_is_global_is_where_its_partition_has_it() {
        let page = |region: &str, name| Partition::of_region(region).page(service(name).unwrap(), region);
        assert_eq!(
            page("eu-west-1", "iam"),
            "https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1"
        );
        assert_eq!(
            page("cn-northwest-1", "iam"),
            "https://cn-north-1.console.amazonaws.cn/iam/home?region=cn-north-1"
        );
        assert_eq!(
            page("eu-west-1", "logs"),
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups"
        );
    }

    #[test]
    fn a_destination_is_a_page_of_this_very_console() {
        let check = |address: &str| Partition::of_region("us-east-1").check(address).is_ok();
        for good in [
            "https://console.aws.amazon.com",
            "https://console.aws.amazon.com/s3/buckets/acme?region=us-east-1#x",
            "https://eu-west-1.CONSOLE.aws.amazon.com/ec2",
            "https://s3.console.aws.amazon.com/",
        ] {
            assert!(check(good), "{good}");
        }
        for bad in [
            "",
            "http://console.aws.amazon.com/",
            "//console.aws.amazon.com/",
            "javascript:alert(1)",
            "https://..console.aws.amazon.com/",
            "https://a..console.aws.amazon.com/",
            "https://evil.example/console.aws.amazon.com",
            "https://evilconsole.aws.amazon.com/",
            "https://.console.aws.amazon.com/",
            "https://console.aws.amazon.com.evil.example/",
            "https://console.aws.amazon.com@evil.example/",
            "https://me:x@console.aws.amazon.com/",
            "https://console.aws.amazon.com:8443/",
            "https://console.aws.amazon.com\\@evil.example/",
            "https://evil.example\\.console.aws.amazon.com/",
            "https://evil.example%2f.console.aws.amazon.com/",
            "https://console.aws.amazon.com/\n",
            "https://console.aws.amazon.com/é",
            "https://console.amazonaws.cn/",
            "https://signin.aws.amazon.com/",
        ] {
            assert!(!check(bad), "{bad}");
        }
    }

    #[test]
    fn another_endpoint_is_one_that_keys_may_be_sent_to() {
        let at = |url| endpoint_at(url, "r").map(|endpoint| (endpoint.origin, endpoint.path)).ok();
        let some = |origin: &str, path: &str| Some((origin.to_owned(), path.to_owned()));
        assert_eq!(at("http://127.0.0.1:4566"), some("http://127.0.0.1:4566", "/federation"));
        assert_eq!(at("https://x.example/a/b/"), some("https://x.example", "/a/b"));
        for bad in [
            "",
            "x.example",
            "http://x.example",
            "ftp://x",
            "https://",
            "https://a@b/",
            "https://a/?b",
            "http://127.0.0.1.evil.example",
        ] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_region_is_one_of_the_partition_of_the_keys() {
        let china = Partition::of_arn("arn:aws-cn:iam::111122223333:role/R").unwrap();
        assert_eq!(china.region(None).unwrap(), "cn-north-1");
        assert_eq!(china.region(Some("cn-northwest-1")).unwrap(), "cn-northwest-1");
        let error = china.region(Some("eu-west-1")).unwrap_err().to_string();
        assert_eq!(error, "eu-west-1 is no region of aws-cn, where these keys are good");
    }
}
