//! What stands in the place of PKCS#11 where it is not built in.

use super::certificate::Certificate;
use super::password::Opener;
use super::signing_key::SigningKey;
use crate::message::{Failure, printable};
use crate::profile::chain::{Pkcs11Uri, SaidBy};

pub(super) struct OnToken {
    pub(super) chain: Vec<Certificate>,
    pub(super) id: Vec<u8>,
}

pub(super) fn certificate(uri: &Pkcs11Uri, _: SaidBy, _: &mut Opener<'_, '_>) -> anyhow::Result<OnToken> {
    Err(missing(uri).into())
}

pub(super) fn key(
    uri: &Pkcs11Uri,
    _: Option<&[u8]>,
    _: &Certificate,
    _: SaidBy,
    _: &mut Opener<'_, '_>,
) -> anyhow::Result<SigningKey> {
    Err(missing(uri).into())
}

fn missing(uri: &Pkcs11Uri) -> Failure {
    Failure::new(format!("{}: this awsenv was built without pkcs11", printable(&uri.to_string())))
        .hint("build it anew with `--features pkcs11`")
}
