//! Everything that decides whose credentials come out of a chain, as one digest: edit anything and the old
//! session is simply not found.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::files;
use crate::profile::chain::{Container, ContainerToken, Hop, Role, RoleChain, Source, WebIdentityToken};
use crate::profile::endpoints::{ROLES_ANYWHERE, SIGN_IN, STS};

/// Names a session in the store.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SessionKey(String);

impl SessionKey {
    /// Of a chain, called in this region by way of these endpoints, for a user of this name.
    pub fn of(
        chain: &RoleChain,
        region: Option<&str>,
        endpoints: &[(&'static str, String)],
        user: &str,
    ) -> Self {
        Self::after(chain.hops().len(), chain, region, endpoints, user)
    }

    /// By this name, what is wrong with the way to programs is kept, apart from the session.
    pub fn delivery(&self) -> Self {
        let digest = Sha256::new().chain_update("delivery of ").chain_update(&self.0).finalize();
        Self(files::hex(&digest[..20]))
    }

    /// Of a chain cut off after so many hops: the same for every chain that begins with these.
    pub fn after(
        hops: usize,
        chain: &RoleChain,
        region: Option<&str>,
        endpoints: &[(&'static str, String)],
        user: &str,
    ) -> Self {
        let mut fields = Fields(Sha256::new());
        fields.source(&chain.source, user);
        // A program, a container and an instance give the same, whatever region comes after. But whose it is, STS says.
        let is_of_aws =
            !matches!(chain.source, Source::Process { .. } | Source::Container(_) | Source::Ec2Metadata(_));
        let counts = |name: &str| match name {
            SIGN_IN => matches!(chain.source, Source::Login { .. }),
            ROLES_ANYWHERE => matches!(chain.source, Source::RolesAnywhere(_)),
            STS => true,
            _ => is_of_aws || hops > 0,
        };
        for (name, value) in endpoints.iter().filter(|(name, _)| counts(name)) {
            fields.text(name).text(value);
        }
        // GetSessionToken is called in the region of the keys, a sign-in is used in its own, CreateSession in that of the
        // trust anchor; whoever asked does not decide it.
        let has_its_own = !is_of_aws
            || matches!(chain.source, Source::Sso(_) | Source::Login { .. } | Source::RolesAnywhere(_));
        let mut called_in = region.filter(|_| !has_its_own);
        for hop in chain.hops().into_iter().take(hops) {
            match hop {
                Hop::Session(session) => {
                    called_in = chain.source_region.as_deref().or(region);
                    fields.text("GetSessionToken").option(session.mfa_serial.as_deref());
                    fields.seconds(session.duration).option(called_in);
                }
                Hop::Role(role) => {
                    called_in = region;
                    fields.role(role, user);
                }
            }
        }
        fields.option(called_in);
        Self(files::hex(&fields.0.finalize()[..20]))
    }

    /// The digest, as a file's name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Enough of it to tell one session from another, for people.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }

    /// Reads a name back; `None` if it is none.
    pub fn named(name: &str) -> Option<Self> {
        let spelled =
            name.len() == 40 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        spelled.then(|| Self(name.to_owned()))
    }
}

/// Each field with its length in front, so that no two chains run together.
struct Fields(Sha256);

impl Fields {
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
        self
    }

    fn option(&mut self, text: Option<&str>) -> &mut Self {
        self.list(text)
    }

    fn list<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let texts: Vec<_> = texts.into_iter().collect();
        self.0.update((texts.len() as u64).to_le_bytes());
        texts.into_iter().fold(self, |fields, text| fields.text(text))
    }

    fn seconds(&mut self, duration: Option<std::time::Duration>) -> &mut Self {
        self.option(duration.map(|duration| duration.as_secs().to_string()).as_deref())
    }

    fn role(&mut self, role: &Role, user: &str) -> &mut Self {
        self.text("AssumeRole")
            .text(&role.arn)
            .option(role.external_id.as_deref())
            .text(role.session_name.as_deref().unwrap_or(user))
            .seconds(role.duration)
            .option(role.mfa_serial.as_deref())
            .option(role.source_identity.as_deref())
            .option(role.policy.as_deref())
            .list(role.policy_arns.iter().map(String::as_str))
            .list(role.transitive_tags.iter().map(String::as_str))
            .list(role.tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]))
    }

    /// By its token the endpoint knows whose credentials to give: at one address there are many.
    fn container(&mut self, container: &Container) -> &mut Self {
        self.text("container").text(&container.url);
        match &container.token {
            Some(ContainerToken::File(path)) => self.text("token file").text(&path.to_string_lossy()),
            Some(ContainerToken::Text(token)) => {
                self.text("token").text(&files::hex(&Sha256::digest(token.expose())))
            }
            None => self.text("no token"),
        }
    }

    fn source(&mut self, source: &Source, user: &str) -> &mut Self {
        match source {
            Source::Keys { credentials, .. } | Source::Environment(credentials) => {
                self.text("keys").text(&credentials.access_key_id)
            }
            Source::Keychain { name, access_key_id, .. } => {
                self.text("keychain").text(name).text(access_key_id)
            }
            Source::Sso(sso) => self.text("sso").option(sso.portal.session.as_deref()).list([
                sso.portal.start_url.as_str(),
                &sso.portal.region,
                &sso.account,
                &sso.role,
            ]),
            Source::Process { command, surroundings, .. } => {
                self.text("process").text(command.expose()).text(surroundings.digest())
            }
            Source::WebIdentity { token, role } => {
                match token {
                    WebIdentityToken::File(path) => {
                        self.text("web identity file").text(&path.to_string_lossy())
                    }
                    WebIdentityToken::Process(command, surroundings) => {
                        self.text("web identity process").text(command.expose()).text(surroundings.digest())
                    }
                };
                self.role(role, user)
            }
            Source::Ec2Metadata(instance) => self.text("imds").text(&instance.endpoint),
            Source::Container(container) => self.container(container),
            Source::Login { session_arn } => self.text("login").text(session_arn),
            Source::RolesAnywhere(source) => self
                .text("roles anywhere")
                .list([source.trust_anchor_arn.as_str(), &source.profile_arn, &source.role_arn])
                .list([&*source.certificate.identity(), &source.private_key.identity()])
                .option(source.intermediates.as_deref().map(Path::to_string_lossy).as_deref())
                .list(
                    source
                        .stamps
                        .iter()
                        .map(|stamp| format!("{stamp:?}"))
                        .collect::<Vec<_>>()
                        .iter()
                        .map(AsRef::as_ref),
                )
                .option(source.session_name.as_deref())
                .option(source.endpoint.as_deref())
                .seconds(source.duration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credentials;
    use crate::profile::chain::{Held, Instance, Origin, Pkcs11Uri, RolesAnywhere, Surroundings};
    use crate::secret::Secret;
    use std::time::Duration;

    #[test]
    fn whatever_a_certificates_session_is_asked_for_with_decides_the_key() {
        let stamp = |size| Some(crate::files::Stamp { seconds: 1, nanos: 2, size, inode: 4 });
        let source = || RolesAnywhere { stamps: vec![stamp(3), stamp(3)], ..RolesAnywhere::default() };
        let key = |source: RolesAnywhere, endpoints: &[(&'static str, String)]| {
            let chain = RoleChain { source: Source::RolesAnywhere(source), ..chain() };
            SessionKey::of(&chain, Some("eu-west-1"), endpoints, "me")
        };
        let edits: Vec<fn(&mut RolesAnywhere)> = vec![
            |source| source.trust_anchor_arn.push('x'),
            |source| source.profile_arn.push('x'),
            |source| source.role_arn.push('x'),
            |source| source.certificate = "x".into(),
            |source| source.private_key = "x".into(),
            |source| source.private_key = token("pkcs11:object=x"),
            |source| source.private_key = token("pkcs11:object=y"),
            |source| source.private_key = token("pkcs11:object=y?module-path=/m"),
            |source| source.intermediates = Some("x".into()),
            |source| source.session_name = Some("x".into()),
            |source| source.duration = Some(Duration::from_secs(900)),
            |source| source.endpoint = Some("x".into()),
            |source| source.stamps[0].as_mut().unwrap().seconds += 1,
            |source| source.stamps[0].as_mut().unwrap().nanos += 1,
            |source| source.stamps[0].as_mut().unwrap().size += 1,
            |source| source.stamps[0].as_mut().unwrap().inode += 1,
            |source| source.stamps[1] = None,
        ];
        fn token(uri: &str) -> Held {
            Held::Token(Pkcs11Uri::parse(uri, "private").unwrap().into())
        }
        let elsewhere = [(ROLES_ANYWHERE, "http://x".to_owned())];
        let mut keys = vec![key(source(), &[]), key(source(), &elsewhere)];
        for edit in edits {
            let mut edited = source();
            edit(&mut edited);
            keys.push(key(edited, &[]));
        }
        let all = keys.len();
        keys.sort_by(|a, b| a.name().cmp(b.name()));
        keys.dedup();
        assert_eq!(keys.len(), all);
        assert_eq!(key(source(), &[]), key(source(), &[]));
        let of_keys = |endpoints| SessionKey::of(&chain(), Some("eu-west-1"), endpoints, "me");
        assert_eq!(of_keys(&[]), of_keys(&elsewhere), "no certificate is shown there");
    }

    fn chain() -> RoleChain {
        let credentials = Credentials {
            access_key_id: "AKIA1".into(),
            secret_access_key: Secret::new("s"),
            session_token: None,
            expiry: None,
            account: None,
        };
        RoleChain {
            name: "p".into(),
            source: Source::Keys { profile: "b".into(), credentials },
            origin: Origin::default(),
            session_token: None,
            roles: vec![Role { arn: "arn:aws:iam::222222222222:role/R".into(), ..Role::default() }],
            region: None,
            source_region: None,
            notes: Vec::new(),
        }
    }

    fn in_container(token: Option<ContainerToken>) -> Source {
        Source::Container(Container { url: "http://a".into(), token })
    }

    fn process(original: &[(&str, &str)]) -> Source {
        let surroundings = Surroundings::of(&original.iter().copied().collect());
        Source::Process { profile: "p".into(), command: Secret::new("c"), account: None, surroundings }
    }

    fn token_process(original: &[(&str, &str)]) -> Source {
        let surroundings = Surroundings::of(&original.iter().copied().collect());
        let token = WebIdentityToken::Process(Secret::new("c"), surroundings);
        Source::WebIdentity { token, role: Box::default() }
    }

    #[test]
    fn whatever_decides_the_credentials_decides_the_key() {
        let key = |chain: &RoleChain| SessionKey::of(chain, Some("eu-west-1"), &[], "me");
        let base = chain();
        let edits: Vec<fn(&mut RoleChain)> = vec![
            |chain| chain.roles[0].arn.push('x'),
            |chain| chain.roles[0].external_id = Some("e".into()),
            |chain| chain.roles[0].session_name = Some("e".into()),
            |chain| chain.roles[0].duration = Some(Duration::from_secs(900)),
            |chain| chain.roles[0].mfa_serial = Some("e".into()),
            |chain| chain.roles[0].source_identity = Some("e".into()),
            |chain| chain.roles[0].policy = Some("e".into()),
            |chain| chain.roles[0].policy_arns.push("e".into()),
            |chain| chain.roles[0].transitive_tags.push("e".into()),
            |chain| drop(chain.roles[0].tags.insert("e".into(), "f".into())),
            |chain| chain.roles.push(Role::default()),
            |chain| drop(chain.roles.pop()),
            |chain| chain.source = Source::Ec2Metadata(Instance { endpoint: "http://a".into() }),
            |chain| chain.source = Source::Ec2Metadata(Instance { endpoint: "http://b".into() }),
            |chain| chain.source = Source::Container(Container { url: "http://b".into(), token: None }),
            |chain| chain.source = in_container(None),
            |chain| chain.source = in_container(Some(ContainerToken::File("/a".into()))),
            |chain| chain.source = in_container(Some(ContainerToken::File("/b".into()))),
            |chain| chain.source = in_container(Some(ContainerToken::Text(Secret::new("/a")))),
            |chain| chain.source = in_container(Some(ContainerToken::Text(Secret::new("/b")))),
            |chain| chain.source = process(&[]),
            |chain| chain.source = process(&[("AWS_PROFILE", "a")]),
            |chain| chain.source = process(&[("AWS_PROFILE", "b")]),
            |chain| chain.source = process(&[("AWS_ACCESS_KEY_ID", "a")]),
            |chain| chain.source = process(&[("AWS_CONFIG_FILE", "a")]),
            |chain| chain.source = process(&[("HOME", "a")]),
            |chain| chain.source = token_process(&[]),
            |chain| chain.source = token_process(&[("AWS_PROFILE", "a")]),
            |chain| chain.session_token = Some(crate::profile::chain::SessionToken::default()),
        ];
        let mut keys = vec![
            key(&base),
            SessionKey::of(&base, Some("eu-west-2"), &[], "me"),
            SessionKey::of(&base, None, &[], "me"),
            SessionKey::of(&base, Some("eu-west-1"), &[("endpoint", "http://x".into())], "me"),
            SessionKey::of(&base, Some("eu-west-1"), &[], "you"),
        ];
        for edit in edits {
            let mut edited = base.clone();
            edit(&mut edited);
            keys.push(key(&edited));
        }
        let all = keys.len();
        keys.sort_by(|a, b| a.name().cmp(b.name()));
        keys.dedup();
        assert_eq!(keys.len(), all);
        assert_eq!(key(&base), key(&chain()));
        let at = |chain: &RoleChain| SessionKey::of(chain, Some("eu-west-1"), &[(SIGN_IN, "x".into())], "me");
        assert_eq!(at(&base), key(&base), "only console sessions go there");
        let login = RoleChain { source: Source::Login { session_arn: "a".into() }, ..base };
        assert_ne!(at(&login), key(&login));
        assert_eq!(SessionKey::named(keys[0].name()), Some(keys[0].clone()));
        assert_eq!(SessionKey::named("../../x"), None);
    }

    #[test]
    fn what_a_program_or_the_machine_gives_has_no_region() {
        for source in
            [process(&[]), in_container(None), Source::Ec2Metadata(Instance { endpoint: "http://a".into() })]
        {
            let chain = RoleChain { source, ..chain() };
            let keys = |hops| {
                [("eu-west-1", None), ("eu-west-2", None), ("eu-west-1", Some((STS, "x".to_owned())))].map(
                    |(region, endpoints)| {
                        let endpoints: Vec<_> = endpoints.into_iter().collect();
                        SessionKey::after(hops, &chain, Some(region), &endpoints, "me")
                    },
                )
            };
            let [one, two, three] = keys(0);
            assert!(one == two && one != three);
            let [one, two, three] = keys(1);
            assert!(one != two && one != three);
        }
    }

    #[test]
    fn whose_token_it_is_names_the_session() {
        let chain = RoleChain { source: token_process(&[]), roles: Vec::new(), ..chain() };
        let [me, you] = ["me", "you"].map(|user| SessionKey::of(&chain, None, &[], user));
        assert_ne!(me, you);
    }

    #[test]
    fn what_only_changes_how_things_look_decides_nothing() {
        for name in ["AWS_PAGER", "AWS_EXECUTION_ENV", "AWSENV_LOG", "PWD"] {
            let keys = [&[(name, "a")][..], &[(name, "b")], &[]]
                .map(|env| SessionKey::of(&RoleChain { source: process(env), ..chain() }, None, &[], "me"));
            assert!(keys.iter().all(|key| *key == keys[0]), "{name}");
        }
    }
}
