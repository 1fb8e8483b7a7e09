//! IAM Roles Anywhere: where it is, and how it answers its one call.

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;

use super::Aws;
use super::door::{Door, Post, Posted};
use crate::message::Failure;

/// Where it is reached.
pub struct RolesAnywhere(Door);

impl Aws<'_> {
    /// IAM Roles Anywhere in a region; `own` is where the profile itself says it is.
    pub fn roles_anywhere(&self, region: &str, own: Option<&str>) -> anyhow::Result<RolesAnywhere> {
        let own = own.or_else(|| self.endpoints.url("ROLESANYWHERE"));
        let url = match own {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => usual_url(
                region,
                self.endpoints.flag("AWS_USE_FIPS_ENDPOINT")?,
                self.endpoints.flag("AWS_USE_DUALSTACK_ENDPOINT")?,
            )?,
        };
        Ok(RolesAnywhere(Door {
            service: "RolesAnywhere",
            url,
            region: region.to_owned(),
            attempts: self.attempts(3),
            http: self.http(own)?,
        }))
    }
}

impl RolesAnywhere {
    /// What the `host` header says.
    pub fn host(&self) -> &str {
        let (scheme, rest) = self.0.url.split_once("://").unwrap_or(("https", &self.0.url));
        let host = rest.split('/').next().unwrap_or_default();
        let usual = if scheme == "http" { ":80" } else { ":443" };
        host.strip_suffix(usual).unwrap_or(host)
    }

    /// A path, with what the endpoint has before it.
    pub fn path(&self, below: &str) -> String {
        let rest = self.0.url.split_once("://").map_or(self.0.url.as_str(), |(_, rest)| rest);
        let base = rest.split_once('/').map(|(_, path)| format!("/{path}")).unwrap_or_default();
        format!("{base}/{below}")
    }

    /// The answer's body.
    pub async fn post(&self, post: Post) -> Posted {
        self.0.post(post, answer).await
    }
}

fn answer(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(body.to_vec());
    }
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |names: [&str; 2]| names.iter().find_map(|name| json.get(*name)?.as_str());
    let code = response.headers().get("x-amzn-errortype").or_else(|| member(["code", "__type"]));
    let mut error = ErrorMetadata::builder();
    if let Some(code) = code {
        // `namespace#Code` and `Code:http://…` are both seen.
        let code = code.split(':').next().unwrap_or_default();
        error = error.code(code.rsplit('#').next().unwrap_or_default());
    }
    if let Some(message) = member(["message", "Message"]) {
        error = error.message(message);
    }
    Err(OrchestratorError::operation(error.build()))
}

fn usual_url(region: &str, fips: bool, dual_stack: bool) -> Result<String, Failure> {
    // Regions of AWS apart from the internet: IAM Roles Anywhere is in none of them.
    if region.split('-').nth(1).is_some_and(|part| part.starts_with("iso")) {
        return Err(Failure::new(format!("awsenv does not know where IAM Roles Anywhere is in {region}"))
            .hint("say it: AWS_ENDPOINT_URL_ROLESANYWHERE"));
    }
    let domain = match (dual_stack, region.split('-').next()) {
        (false, Some("cn")) => "amazonaws.com.cn",
        (false, Some("eusc")) => "amazonaws.eu",
        (false, _) => "amazonaws.com",
        (true, Some("cn")) => "api.amazonwebservices.com.cn",
        (true, Some("eusc")) => "api.amazonwebservices.eu",
        (true, _) => "api.aws",
    };
    let service = if fips { "rolesanywhere-fips" } else { "rolesanywhere" };
    Ok(format!("https://{service}.{region}.{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::profile::endpoints::Endpoints;
    use std::path::Path;

    #[test]
    fn where_it_is_by_region_and_by_what_the_user_says() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let host = |region: &str, own: Option<&str>, variables: &[(&str, &str)]| {
            let mut env: Env = variables.iter().copied().collect();
            // No system's roots have to be there.
            env.set("AWS_CA_BUNDLE", empty.path());
            let aws = Aws::new(Endpoints::new(&env, &[]), Path::new("/"));
            let door = aws.roles_anywhere(region, own).unwrap();
            format!("{} {}", door.host(), door.path("sessions"))
        };
        let both = [("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")];
        let environment = [("AWS_ENDPOINT_URL_ROLESANYWHERE", "http://localhost:4566/x/")];
        for (region, own, variables, expected) in [
            ("us-east-1", None, &[][..], "rolesanywhere.us-east-1.amazonaws.com /sessions"),
            ("cn-north-1", None, &[], "rolesanywhere.cn-north-1.amazonaws.com.cn /sessions"),
            ("us-east-1", None, &both[..1], "rolesanywhere-fips.us-east-1.amazonaws.com /sessions"),
            ("us-east-1", None, &both[1..], "rolesanywhere.us-east-1.api.aws /sessions"),
            ("eusc-de-east-1", None, &[], "rolesanywhere.eusc-de-east-1.amazonaws.eu /sessions"),
            (
                "eusc-de-east-1",
                None,
                &both[1..],
                "rolesanywhere.eusc-de-east-1.api.amazonwebservices.eu /sessions",
            ),
            ("us-iso-east-1", None, &environment, "localhost:4566 /x/sessions"),
            ("us-east-1", None, &both, "rolesanywhere-fips.us-east-1.api.aws /sessions"),
            ("us-east-1", None, &environment, "localhost:4566 /x/sessions"),
            ("us-east-1", Some("http://localhost:80"), &environment, "localhost /sessions"),
        ] {
            assert_eq!(host(region, own, variables), expected);
        }
        for region in ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"] {
            let error = usual_url(region, false, false).unwrap_err().to_string();
            assert_eq!(error, format!("awsenv does not know where IAM Roles Anywhere is in {region}"));
        }
    }
}
