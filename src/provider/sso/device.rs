//! Signing in with a code that a person types in any browser, or finds already in the address (RFC 8628).

use std::time::Duration;

use super::super::Means;
use super::super::sign_in::refused::{Refused, by_browser};
use super::super::sign_in::{Guide, How, Invitation, Patience};
use super::oidc::{self, Device, Grant, Granted};
use super::sign_in::registration;
use crate::message::{Exit, Failure};
use crate::profile::chain::Portal;
use crate::session::sso::{Client, Token};

/// RFC 8628, 3.5: what `slow_down` adds, and what a network that fails is given.
const SLOWER: Duration = Duration::from_secs(5);
/// So often in a row the network may fail.
const TRIES: u32 = 4;
const TICK: Duration = Duration::from_secs(1);

pub(super) async fn sign_in(
    portal: &Portal,
    how: &How,
    means: &Means<'_>,
    guide: &dyn Guide,
) -> anyhow::Result<Token> {
    let (client, device) = begin(portal, how, means).await?;
    guide.invite(&Invitation {
        address: &device.address,
        user_code: Some(&device.user_code),
        whole_address: device.whole_address.as_deref(),
    });
    let granted = wait(&client, &device, portal, means, &Patience::of(device.lasts, guide)).await?;
    Ok(Token::new(portal, client, granted.access_token, granted.refresh_token, granted.expires))
}

async fn begin(portal: &Portal, how: &How, means: &Means<'_>) -> anyhow::Result<(Client, Device)> {
    const CALL: &str = "StartDeviceAuthorization";
    let client = registration(portal, how, means).await?.client;
    match oidc::start_device(portal, &client, &means.aws).await {
        Ok(device) => Ok((client, device)),
        // AWS has forgotten the registration that was kept.
        Err(Refused::Rfc { code, .. }) if code == "invalid_client" => {
            let client = registration(portal, &How { fresh: true, ..*how }, means).await?.client;
            let device = oidc::start_device(portal, &client, &means.aws).await;
            Ok((client, device.map_err(|refused| refused.failure(CALL))?))
        }
        Err(refused) => Err(refused.failure(CALL)),
    }
}

async fn wait(
    client: &Client,
    device: &Device,
    portal: &Portal,
    means: &Means<'_>,
    patience: &Patience<'_>,
) -> anyhow::Result<Granted> {
    let (mut interval, mut failures) = (device.interval, 0);
    loop {
        let mut rest = interval;
        while !rest.is_zero() {
            if !patience.lasts() {
                return Err(too_late().into());
            }
            tokio::time::sleep(rest.min(TICK)).await;
            rest = rest.saturating_sub(TICK);
        }
        let answer = oidc::create_token(client, Grant::Device(&device.code), portal, &means.aws).await;
        match answer {
            Ok(granted) => return Ok(granted),
            Err(Refused::Rfc { code, description }) => match code.as_str() {
                "authorization_pending" => failures = 0,
                "slow_down" => interval += SLOWER,
                "expired_token" => return Err(too_late().into()),
                code => return Err(by_browser(code, &description).into()),
            },
            Err(Refused::Unworded(error) | Refused::Other(error)) => {
                failures += 1;
                if failures == TRIES {
                    return Err(error);
                }
                interval += SLOWER;
            }
        }
    }
}

fn too_late() -> Failure {
    Failure::new("nobody confirmed the code in time")
        .hint("run `awsenv login` again")
        .exit(Exit::PersonNeeded)
}
