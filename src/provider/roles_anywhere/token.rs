//! A certificate, or a private key that never leaves it, on a PKCS#11 token. How they are looked for: as AWS's own
//! helper does, but what fits twice is an error.

use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use sha2::{Digest, Sha256};

use super::certificate::Certificate;
use super::module::{Module, close, fault, in_time, said};
use super::password::Opener;
use super::public_key::PublicKey;
use super::signing_key::SigningKey;
use crate::message::printable;
use crate::profile::chain::{Pkcs11Uri, SaidBy};
use crate::secret::Secret;

/// More CAs than these stand between no certificate and its trust anchor.
const LONGEST_CHAIN: usize = 8;

/// `DigestInfo` of a SHA-256 (RFC 8017, 9.2): what CKM_RSA_PKCS signs is told so.
const SHA_256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// A certificate that a token has.
pub(super) struct OnToken {
    /// The leaf first, then the CAs that are on the token, too.
    pub(super) chain: Vec<Certificate>,
    /// CKA_ID: its key has the same.
    pub(super) id: Vec<u8>,
}

/// One token, with a session in which somebody may have logged in.
pub(super) struct Token {
    /// Until it is closed.
    open: Option<Open>,
    slot: Slot,
    info: TokenInfo,
}

struct Open {
    // Closed before the module goes.
    session: Session,
    module: Arc<Module>,
}

/// The certificate of a URI. It takes a PIN only where it is hidden without one.
pub(super) fn certificate(
    uri: &Pkcs11Uri,
    said_by: SaidBy,
    opener: &mut Opener<'_, '_>,
) -> anyhow::Result<OnToken> {
    let (mut tokens, mut found) = in_time(uri, move |uri| {
        let tokens = opened(uri, said_by)?;
        let found = certificates(uri, &tokens)?;
        Ok((tokens, found))
    })?;
    tokens.retain(Token::wants_pin);
    if found.is_empty()
        && let (Some(token), true) = (tokens.pop(), tokens.is_empty())
    {
        let (token, _) = opener.log_in(token, uri)?;
        found = in_time(uri, move |uri| certificates(uri, &[token]))?;
    }
    match found.len() {
        0 => Err(fault(uri, "there is no such certificate on the token").into()),
        1 => Ok(found.remove(0)),
        several => Err(ambiguous(uri, several, "certificates").into()),
    }
}

/// The private key of a URI. `id`: its certificate's, where one URI stands for both.
pub(super) fn key(
    uri: &Pkcs11Uri,
    id: Option<&[u8]>,
    leaf: &Certificate,
    said_by: SaidBy,
    opener: &mut Opener<'_, '_>,
) -> anyhow::Result<SigningKey> {
    let public = PublicKey::of(leaf).ok_or_else(|| {
        fault(uri, "a key of this kind: IAM Roles Anywhere takes RSA and EC keys, of P-256, P-384 and P-521")
    })?;
    let mut tokens = in_time(uri, move |uri| opened(uri, said_by))?;
    if tokens.len() > 1 {
        // Those of a system's CAs hold no keys.
        tokens.retain(Token::wants_pin);
    }
    if tokens.len() > 1 {
        let labels: Vec<_> = tokens.iter().map(|token| printable(token.info.label())).collect();
        return Err(fault(uri, &format!("{} tokens fit: {}", labels.len(), labels.join(", ")))
            .hint("say which: token=LABEL, or serial=NUMBER")
            .into());
    }
    let token = tokens.pop().ok_or_else(|| fault(uri, "there is no token with keys that fits"))?;
    let (token, pin) = opener.log_in(token, uri)?;
    let id = id.map(<[u8]>::to_vec);
    let is_rsa = public.is_rsa();
    let (token, key, is_careful) = in_time(uri, move |uri| {
        let (key, is_careful) = private_key(uri, id, &token, is_rsa)?;
        Ok((token, key, is_careful))
    })?;
    let pin = pin.filter(|_| is_careful);
    Ok(SigningKey::Token(TokenKey { uri: uri.clone(), token: Arc::new(Mutex::new(token)), key, public, pin }))
}

fn opened(uri: &Pkcs11Uri, said_by: SaidBy) -> anyhow::Result<Vec<Token>> {
    let module = Arc::new(Module::load(uri, said_by)?);
    let open = |(slot, info): (Slot, TokenInfo)| {
        let session = module.library.open_ro_session(slot).map_err(|error| said(uri, &error))?;
        Ok(Token { open: Some(Open { session, module: module.clone() }), slot, info })
    };
    module.tokens(uri)?.into_iter().map(open).collect()
}

fn ambiguous(uri: &Pkcs11Uri, count: usize, what: &str) -> crate::message::Failure {
    fault(uri, &format!("{count} {what} fit")).hint("say which: object=LABEL, or id=%01")
}

/// What the object has to be.
fn template(uri: &Pkcs11Uri, class: ObjectClass) -> Vec<Attribute> {
    let bytes = |name| uri.attribute(name).map(<[u8]>::to_vec);
    let label = bytes("object").map(Attribute::Label);
    let id = bytes("id").map(Attribute::Id);
    [Attribute::Class(class)].into_iter().chain(label).chain(id).collect()
}

fn certificates(uri: &Pkcs11Uri, tokens: &[Token]) -> anyhow::Result<Vec<OnToken>> {
    let mut all = Vec::new();
    for token in tokens {
        for (leaf, id) in token.certificates(uri, &template(uri, ObjectClass::CERTIFICATE))? {
            let chain = token.chain(leaf, uri)?;
            all.push(OnToken { chain, id });
        }
    }
    Ok(all)
}

/// With whether it wants its PIN for each signature.
fn private_key(
    uri: &Pkcs11Uri,
    id: Option<Vec<u8>>,
    token: &Token,
    is_rsa: bool,
) -> anyhow::Result<(ObjectHandle, bool)> {
    let template = match id.filter(|id| !id.is_empty()) {
        Some(id) => vec![Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Id(id)],
        None => template(uri, ObjectClass::PRIVATE_KEY),
    };
    let session = token.session();
    let keys = session.find_objects(&template).map_err(|error| said(uri, &error))?;
    let key = match keys[..] {
        [] => return Err(fault(uri, "there is no such private key on the token").into()),
        [key] => key,
        _ => return Err(ambiguous(uri, keys.len(), "private keys").into()),
    };
    let asked = [AttributeType::KeyType, AttributeType::AlwaysAuthenticate];
    let about = session.get_attributes(key, &asked).map_err(|error| said(uri, &error))?;
    let kind = if is_rsa { KeyType::RSA } else { KeyType::EC };
    if about.iter().any(|one| matches!(one, Attribute::KeyType(own) if *own != kind)) {
        return Err(not_its_key(uri).into());
    }
    Ok((key, about.contains(&Attribute::AlwaysAuthenticate(true))))
}

fn not_its_key(uri: &Pkcs11Uri) -> crate::message::Failure {
    fault(uri, "the private key is not the certificate's").hint("name the two that were made together")
}

impl Token {
    pub(super) fn wants_pin(&self) -> bool {
        self.info.login_required()
    }

    pub(super) fn info(&self) -> &TokenInfo {
        &self.info
    }

    /// What a PIN belongs to: this very token, whichever words of a URI have found it.
    pub(super) fn name(&self) -> String {
        let parts = [
            ("manufacturer", self.info.manufacturer_id()),
            ("serial", self.info.serial_number()),
            ("token", self.info.label()),
        ];
        Pkcs11Uri::of_token(parts).token()
    }

    /// Whether no other has its name. Its maker may have given it no number.
    pub(super) fn is_one_of_a_kind(&self) -> bool {
        !self.info.serial_number().is_empty()
    }

    /// What it says of itself now: somebody may have given it a PIN meanwhile.
    pub(super) fn asked_again(mut self, uri: &Pkcs11Uri) -> anyhow::Result<Self> {
        self.info =
            self.open().module.library.get_token_info(self.slot).map_err(|error| said(uri, &error))?;
        Ok(self)
    }

    fn session(&self) -> &Session {
        &self.open().session
    }

    fn open(&self) -> &Open {
        self.open.as_ref().expect("it is closed when it goes")
    }

    /// Whether it takes the PIN; `None`: one that is typed at the reader.
    pub(super) fn takes(&self, pin: Option<&Secret>) -> Result<bool, Error> {
        taken(self.session().login(UserType::User, pin.map(auth).as_ref()))
    }

    fn certificates(
        &self,
        uri: &Pkcs11Uri,
        template: &[Attribute],
    ) -> anyhow::Result<Vec<(Certificate, Vec<u8>)>> {
        let mut found = Vec::new();
        for object in self.session().find_objects(template).map_err(|error| said(uri, &error))? {
            let attributes = [AttributeType::Value, AttributeType::Id];
            let attributes =
                self.session().get_attributes(object, &attributes).map_err(|error| said(uri, &error))?;
            let (mut der, mut own) = (Vec::new(), Vec::new());
            for attribute in attributes {
                match attribute {
                    Attribute::Value(value) => der = value,
                    Attribute::Id(id) => own = id,
                    _ => {}
                }
            }
            let certificate =
                Certificate::of(der).ok_or_else(|| fault(uri, "a certificate on the token is damaged"))?;
            found.push((certificate, own));
        }
        Ok(found)
    }

    /// The CAs between the leaf and its trust anchor, as far as they are on the token.
    fn chain(&self, leaf: Certificate, uri: &Pkcs11Uri) -> anyhow::Result<Vec<Certificate>> {
        let all = self.certificates(uri, &[Attribute::Class(ObjectClass::CERTIFICATE)])?;
        let mut rest: Vec<_> = all.into_iter().map(|(certificate, _)| certificate).collect();
        rest.retain(|certificate| certificate.is_ca() && !certificate.is_issued_by(certificate));
        let mut chain = vec![leaf];
        while let Some(last) = chain.last().filter(|_| chain.len() <= LONGEST_CHAIN)
            && let Some(next) = rest.iter().position(|ca| last.is_issued_by(ca))
        {
            chain.push(rest.swap_remove(next));
        }
        Ok(chain)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        close(self.open.take());
    }
}

fn auth(pin: &Secret) -> AuthPin {
    AuthPin::from(pin.expose().to_owned())
}

/// Whether a PIN was right.
fn taken(answer: Result<(), Error>) -> Result<bool, Error> {
    use RvError::{PinIncorrect, PinInvalid, PinLenRange, UserAlreadyLoggedIn};
    match answer {
        Ok(()) | Err(Error::Pkcs11(UserAlreadyLoggedIn, _)) => Ok(true),
        Err(Error::Pkcs11(PinIncorrect | PinInvalid | PinLenRange, Function::Login)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A private key that stays on its token.
pub(super) struct TokenKey {
    uri: Pkcs11Uri,
    token: Arc<Mutex<Token>>,
    key: ObjectHandle,
    public: PublicKey,
    /// Where the key wants it for each signature.
    pin: Option<Secret>,
}

impl TokenKey {
    pub(super) fn is_rsa(&self) -> bool {
        self.public.is_rsa()
    }

    /// Signs; what the certificate's public key does not fit never goes to AWS.
    pub(super) fn sign(&self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        let (token, key, is_rsa) = (self.token.clone(), self.key, self.is_rsa());
        let (pin, own) = (self.pin.clone(), text.to_vec());
        let signature = in_time(&self.uri, move |uri| {
            let token = token.lock().unwrap_or_else(PoisonError::into_inner);
            let signature = match &pin {
                Some(pin) => with_pin(token.session(), key, is_rsa, &own, pin),
                None => plainly(token.session(), key, is_rsa, &own),
            };
            signature.map_err(|error| said(uri, &error).into())
        })?;
        self.public.proven(text, signature).ok_or_else(|| not_its_key(&self.uri).into())
    }
}

/// The mechanisms that all tokens have.
fn plainly(session: &Session, key: ObjectHandle, is_rsa: bool, text: &[u8]) -> Result<Vec<u8>, Error> {
    let digest = Sha256::digest(text);
    match is_rsa {
        true => session.sign(&Mechanism::RsaPkcs, key, &[&SHA_256[..], &digest[..]].concat()),
        false => session.sign(&Mechanism::Ecdsa, key, &digest),
    }
}

/// CKA_ALWAYS_AUTHENTICATE: the PIN comes after the signature has begun.
fn with_pin(
    session: &Session,
    key: ObjectHandle,
    is_rsa: bool,
    text: &[u8],
    pin: &Secret,
) -> Result<Vec<u8>, Error> {
    session.sign_init(if is_rsa { &Mechanism::Sha256RsaPkcs } else { &Mechanism::EcdsaSha256 }, key)?;
    session.login(UserType::ContextSpecific, Some(&auth(pin)))?;
    session.sign_update(text)?;
    session.sign_final()
}
