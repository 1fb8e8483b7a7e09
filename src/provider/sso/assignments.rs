//! What a sign-in gives: the accounts, and the roles in each. All of it or an error: who takes away what is not in a
//! list must not have half of one.

use aws_sdk_sso::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::task::JoinSet;

use super::super::error::explain;
use super::super::{Means, lacks, runtime};
use super::{needs_sign_in, token};
use crate::limits;
use crate::message::{Failure, shown};
use crate::profile::chain::Portal;
use crate::session::sso::Token;

/// So many calls are under way at most: portals of many accounts answer 429 to more.
const AT_ONCE: usize = 8;
/// The most that AWS puts on a page.
const PAGE: i32 = 100;
/// More of them than the accounts of the largest organization fill.
const PAGES: usize = 1000;

/// An account that one may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// What people call it; possibly empty.
    pub name: String,
    /// Its owner's; possibly empty.
    pub email: String,
}

/// Asks a portal what it gives to whoever is signed in.
#[derive(Debug)]
pub struct Assignments<'a> {
    portal: &'a Portal,
    token: Token,
    client: aws_sdk_sso::Client,
    means: Means<'a>,
}

/// Why a page did not come.
enum Refused {
    /// The token is dead.
    Token,
    /// The account is none of this person's.
    NoAccess,
    Other(Failure),
}

impl<'a> Assignments<'a> {
    /// With the sign-in that is kept, renewed if it is about to end.
    pub fn at(portal: &'a Portal, means: &Means<'a>) -> anyhow::Result<Self> {
        let token = runtime()?.block_on(token::usable(portal, means))?;
        let token = token.ok_or_else(|| nobody_is_signed_in(portal))?;
        Ok(Self { portal, token, client: means.aws.sso_of_many_calls(&portal.region)?, means: *means })
    }

    /// The accounts, by name.
    pub fn accounts(&self) -> anyhow::Result<Vec<Account>> {
        let accounts = runtime()?.block_on(list_accounts(&self.client, self.token.access_token.expose()));
        let mut accounts = accounts.map_err(|refused| self.failure("ListAccounts", refused))?;
        accounts.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(accounts)
    }

    /// The names of the roles in each of these accounts, sorted. `watch` is told for how many they are there.
    pub fn roles(&self, accounts: &[Account], watch: &dyn Fn(usize)) -> anyhow::Result<Vec<Vec<String>>> {
        let mut roles = vec![Vec::new(); accounts.len()];
        runtime()?.block_on(async {
            let (mut waiting, mut calls) = (accounts.iter().enumerate(), JoinSet::new());
            for done in 0.. {
                watch(done);
                while calls.len() < AT_ONCE
                    && let Some((at, account)) = waiting.next()
                {
                    let (client, token) = (self.client.clone(), self.token.access_token.clone());
                    let id = account.id.clone();
                    calls.spawn(async move { (at, list_roles(&client, token.expose(), &id).await) });
                }
                let Some(answered) = calls.join_next().await else { break };
                let (at, listed) = answered?;
                roles[at] = match listed {
                    // It was taken away between the two calls.
                    Err(Refused::NoAccess) => Vec::new(),
                    listed => listed.map_err(|refused| self.failure("ListAccountRoles", refused))?,
                };
                roles[at].sort();
            }
            anyhow::Ok(())
        })?;
        Ok(roles)
    }

    fn failure(&self, call: &str, refused: Refused) -> Failure {
        match refused {
            Refused::Token => {
                self.means.tokens.refuse(&self.token.access_token);
                nobody_is_signed_in(self.portal)
            }
            Refused::NoAccess => Failure::new(format!("{call}: no access")),
            Refused::Other(failure) => failure,
        }
    }
}

fn nobody_is_signed_in(portal: &Portal) -> Failure {
    let failure = needs_sign_in(portal.label());
    match &portal.session {
        Some(session) => failure.hint(format!("run `awsenv login --sso-session {session}`")),
        None => failure,
    }
}

async fn list_accounts(client: &aws_sdk_sso::Client, token: &str) -> Result<Vec<Account>, Refused> {
    const CALL: &str = "ListAccounts";
    let (mut accounts, mut next) = (Vec::new(), None);
    for page in 1.. {
        let request = client.list_accounts().access_token(token).max_results(PAGE);
        let answer =
            request.set_next_token(next.clone()).send().await.map_err(|error| refused(CALL, error))?;
        for account in answer.account_list.ok_or_else(|| half(CALL, "accounts"))? {
            let id = account.account_id.unwrap_or_default();
            limits::account(&id).map_err(|_| odd(CALL, "an account", &id))?;
            accounts.push(Account {
                id,
                name: account.account_name.unwrap_or_default(),
                email: account.email_address.unwrap_or_default(),
            });
        }
        next = following(CALL, page, next.as_deref(), answer.next_token)?;
        if next.is_none() {
            break;
        }
    }
    Ok(accounts)
}

async fn list_roles(
    client: &aws_sdk_sso::Client,
    token: &str,
    account: &str,
) -> Result<Vec<String>, Refused> {
    const CALL: &str = "ListAccountRoles";
    let (mut roles, mut next) = (Vec::new(), None);
    for page in 1.. {
        let request = client.list_account_roles().access_token(token).account_id(account).max_results(PAGE);
        let answer =
            request.set_next_token(next.clone()).send().await.map_err(|error| refused(CALL, error))?;
        for role in answer.role_list.ok_or_else(|| half(CALL, "roles"))? {
            let role = role.role_name.unwrap_or_default();
            limits::role_name(&role).map_err(|_| odd(CALL, "a role", &role))?;
            roles.push(role);
        }
        next = following(CALL, page, next.as_deref(), answer.next_token)?;
        if next.is_none() {
            break;
        }
    }
    Ok(roles)
}

/// The page after this one. The same page again would never end, nor would ever new ones.
fn following(
    call: &str,
    page: usize,
    this: Option<&str>,
    next: Option<String>,
) -> Result<Option<String>, Refused> {
    let next = next.filter(|token| !token.is_empty());
    match &next {
        Some(next) if Some(next.as_str()) == this => Err(half(call, "next page")),
        Some(_) if page >= PAGES => Err(half(call, "last page")),
        _ => Ok(next),
    }
}

fn half(call: &str, what: &str) -> Refused {
    Refused::Other(lacks(call, what))
}

fn odd(call: &str, what: &str, name: &str) -> Refused {
    Refused::Other(Failure::new(format!("{call}: {what} that AWS would not have: {}", shown(name))))
}

fn refused<E>(call: &str, error: SdkError<E, HttpResponse>) -> Refused
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("UnauthorizedException") => Refused::Token,
        Some("ForbiddenException" | "ResourceNotFoundException") => Refused::NoAccess,
        Some("TooManyRequestsException") => Refused::Other(explain(call, error).hint(
            "AWS asks for fewer calls: try again in a minute, or ask for fewer accounts with --account",
        )),
        _ => Refused::Other(explain(call, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_an_end_is_given_up() {
        let next = |page, this, next: &str| following("List", page, this, Some(next.to_owned()));
        assert_eq!(next(1, None, "b").ok(), Some(Some("b".to_owned())));
        assert_eq!(next(1, None, "").ok(), Some(None));
        assert!(next(2, Some("b"), "b").is_err() && next(PAGES, Some("b"), "c").is_err());
    }
}
