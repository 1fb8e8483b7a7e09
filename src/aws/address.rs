//! Where a service is: what the environment and the profile name, else what the rules of its SDK say.

use std::fmt;

use super::Aws;
use crate::message::Failure;

/// A service whose address somebody else wants: a browser, or who looks whether it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Roles and identities.
    Sts,
    /// The access portal: accounts and credentials.
    Portal,
    /// Its sign-in.
    Oidc,
    /// The sign-in of `aws login`.
    SignIn,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sts => "STS",
            Self::Portal => "the access portal",
            Self::Oidc => "SSO OIDC",
            Self::SignIn => "sign-in",
        })
    }
}

impl Service {
    /// As the variable `AWS_ENDPOINT_URL_…` has it.
    fn name(self) -> &'static str {
        match self {
            Self::Sts => "STS",
            Self::Portal => "SSO",
            Self::Oidc => "SSO_OIDC",
            Self::SignIn => "SIGNIN",
        }
    }
}

/// What the rules of one SDK say. Each has types of its own for the same question.
macro_rules! by_rules {
    ($sdk:ident, $aws:expr, $region:expr $(, $more:ident = $value:expr)?) => {{
        use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
        let params = Params::builder()
            .region($region)
            .use_fips($aws.endpoints.flag("AWS_USE_FIPS_ENDPOINT")?)
            .use_dual_stack($aws.endpoints.flag("AWS_USE_DUALSTACK_ENDPOINT")?)
            $(.$more($value))?
            .build()?;
        DefaultResolver::new().resolve_endpoint(&params).await
    }};
}

impl Aws<'_> {
    /// Where that service is.
    pub async fn url(&self, service: Service, region: &str) -> anyhow::Result<String> {
        if let Some(url) = self.endpoints.url(service.name()) {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        super::check(region)?;
        let endpoint = match service {
            Service::Sts => by_rules!(aws_sdk_sts, self, region),
            Service::Portal => by_rules!(aws_sdk_sso, self, region),
            Service::Oidc => by_rules!(aws_sdk_ssooidc, self, region),
            Service::SignIn => by_rules!(aws_sdk_signin, self, region, is_control_plane = false),
        };
        Ok(endpoint
            .map_err(|error| Failure::new(format!("{service} in {region}: {error}")))?
            .url()
            .to_owned())
    }
}
