//! Two chains have one session only if nothing that decides the credentials differs between them.

use std::collections::BTreeMap;
use std::time::Duration;

use awsenv::credentials::Credentials;
use awsenv::profile::chain::{Origin, Portal, Role, RoleChain, SessionToken, Source, Sso};
use awsenv::secret::Secret;
use awsenv::session::session_key::SessionKey;
use proptest::option;
use proptest::prelude::*;

use super::cases;

/// Few words, some of them the beginnings of others: fields that run together would be found.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("aa"), Just("b"), Just(""), Just("ab")].prop_map(str::to_owned)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(word(), 0..3)
}

fn duration() -> impl Strategy<Value = Option<Duration>> {
    option::of(prop_oneof![Just(900), Just(3600)].prop_map(Duration::from_secs))
}

fn role() -> impl Strategy<Value = Role> {
    let tags = proptest::collection::btree_map(word(), word(), 0..2);
    let first = (word(), option::of(word()), option::of(word()), duration(), option::of(word()));
    let second = (option::of(word()), option::of(word()), words(), words(), tags);
    (first, second).prop_map(|(first, second)| {
        let (arn, external_id, session_name, duration, mfa_serial) = first;
        let (source_identity, policy, policy_arns, transitive_tags, tags) = second;
        Role {
            arn,
            external_id,
            session_name,
            duration,
            mfa_serial,
            source_identity,
            policy,
            policy_arns,
            transitive_tags,
            tags,
            ..Role::default()
        }
    })
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        word().prop_map(|access_key_id| Source::Environment(Credentials {
            access_key_id,
            secret_access_key: Secret::new("s"),
            session_token: None,
            expiry: None,
            account: None,
        })),
        (word(), word()).prop_map(|(name, access_key_id)| Source::Keychain {
            name,
            access_key_id,
            account: None
        }),
        (option::of(word()), word(), word(), word(), word()).prop_map(
            |(session, start_url, region, account, role)| {
                let portal = Portal { session, start_url, region, scopes: Vec::new(), refreshes: true };
                Source::Sso(Sso { portal, account, role })
            }
        ),
        word().prop_map(|session_arn| Source::Login { session_arn }),
    ]
}

/// All that [`SessionKey::of`] is given.
#[derive(Clone, Debug)]
struct Asked {
    chain: RoleChain,
    region: Option<String>,
    endpoint: Option<String>,
    user: String,
}

fn asked() -> impl Strategy<Value = Asked> {
    let session_token =
        option::of((option::of(word()), duration()).prop_map(|(mfa_serial, duration)| SessionToken {
            mfa_serial,
            duration,
            ..SessionToken::default()
        }));
    let chain = (source(), session_token, proptest::collection::vec(role(), 0..3), option::of(word()));
    (chain, option::of(word()), option::of(word()), word()).prop_map(|(chain, region, endpoint, user)| {
        let (source, session_token, roles, source_region) = chain;
        let (name, origin, notes) = (String::new(), Origin::default(), Vec::new());
        let chain =
            RoleChain { name, source, origin, session_token, roles, region: None, source_region, notes };
        Asked { chain, region, endpoint, user }
    })
}

/// The same in one text, independently of how the key is made: what AWS is asked, by whom, where.
fn decisive(asked: &Asked) -> String {
    let chain = &asked.chain;
    let source = match &chain.source {
        Source::Environment(credentials) => format!("{:?}", credentials.access_key_id),
        Source::Keychain { name, access_key_id, .. } => format!("keychain {name:?} {access_key_id:?}"),
        Source::Sso(sso) => format!("{sso:?}"),
        other => format!("{other:?}"),
    };
    let session = chain.session_token.as_ref().map(|session| {
        (&session.mfa_serial, session.duration, chain.source_region.as_ref().or(asked.region.as_ref()))
    });
    let roles: Vec<_> = chain
        .roles
        .iter()
        .map(|role| {
            let name = role.session_name.as_ref().unwrap_or(&asked.user);
            let tags: BTreeMap<_, _> = role.tags.iter().collect();
            let how = (&role.arn, &role.external_id, name, role.duration, &role.mfa_serial);
            (how, &role.source_identity, &role.policy, &role.policy_arns, &role.transitive_tags, tags)
        })
        .collect();
    // Where roles are assumed, and where nothing is: with a sign-in alone the region decides nothing.
    let is_signed_in = matches!(chain.source, Source::Sso(_) | Source::Login { .. });
    let region = match (&session, roles.is_empty()) {
        (_, false) => asked.region.as_ref(),
        (Some(_), true) => None,
        (None, true) => asked.region.as_ref().filter(|_| !is_signed_in),
    };
    format!("{source} {session:?} {roles:?} {region:?} {:?}", asked.endpoint)
}

fn key(asked: &Asked) -> SessionKey {
    let endpoints: Vec<_> = asked.endpoint.iter().map(|url| ("AWS_ENDPOINT_URL", url.clone())).collect();
    SessionKey::of(&asked.chain, asked.region.as_deref(), &endpoints, &asked.user)
}

/// One thing of the second is put into the first: else two of so many fields would never be all but equal.
fn graft(into: &Asked, from: &Asked, which: usize) -> Asked {
    let (mut grafted, from) = (into.clone(), from.clone());
    let role = |asked: Asked| asked.chain.roles.into_iter().next();
    match which {
        0 => grafted.chain.source = from.chain.source,
        1 => grafted.chain.session_token = from.chain.session_token,
        2 => grafted.chain.roles = from.chain.roles,
        3 => grafted.chain.source_region = from.chain.source_region,
        4 => grafted.region = from.region,
        5 => grafted.endpoint = from.endpoint,
        6 => grafted.user = from.user,
        _ => {
            let (Some(mine), Some(theirs)) = (grafted.chain.roles.first_mut(), role(from)) else {
                return grafted;
            };
            match which {
                7 => mine.arn = theirs.arn,
                8 => mine.external_id = theirs.external_id,
                9 => mine.session_name = theirs.session_name,
                10 => mine.duration = theirs.duration,
                11 => mine.mfa_serial = theirs.mfa_serial,
                12 => mine.source_identity = theirs.source_identity,
                13 => mine.policy = theirs.policy,
                14 => mine.policy_arns = theirs.policy_arns,
                15 => mine.transitive_tags = theirs.transitive_tags,
                _ => mine.tags = theirs.tags,
            }
        }
    }
    grafted
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn a_session_is_shared_only_where_nothing_differs(one in asked(), other in asked(), which in 0..17usize) {
        let edited = graft(&one, &other, which);
        for other in [&other, &edited] {
            prop_assert_eq!(key(&one) == key(other), decisive(&one) == decisive(other), "{:?}\n{:?}", one, other);
        }
    }
}
