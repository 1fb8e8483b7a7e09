//! A file with certificates, with a private key, or with both, in whatever form: PEM or PKCS#12.

use std::path::{Path, PathBuf};

use anyhow::Context;
use der::Decode;
use zeroize::Zeroizing;

use super::certificate::Certificate;
use super::encryption::{Closed, decrypt};
use super::pem::{self, Block, Damage};
use super::pkcs12::{self, ShroudedKey};
use super::signing_key::{BY_HELPER, SigningKey};
use crate::files::{self, Stamp};
use crate::message::{Failure, shown_path};
use crate::secret::Secret;

/// A bundle of all CAs of the web is a fifth of this.
const LIMIT: u64 = 1 << 20;

const ENCRYPT_ANEW: &str =
    "encrypt it anew: `openssl pkcs8 -topk8` does so by AES, and of PKCS#12 `openssl pkcs12 -export`";

/// A file as it was read.
pub(super) struct Bundle {
    pub(super) path: PathBuf,
    /// Of the file that was read, whatever is at its path now.
    pub(super) stamp: Stamp,
    form: Form,
}

enum Form {
    Pem(Vec<Block>),
    Pkcs12(Zeroizing<Vec<u8>>),
}

/// What is in it.
pub(super) struct Opened {
    /// As they stand in the file.
    pub(super) certificates: Vec<Certificate>,
    pub(super) key: Option<SigningKey>,
}

/// Why nothing is to be had of it.
#[derive(Debug)]
pub(super) enum Trouble {
    /// A password is needed, or another one.
    Locked,
    /// No password will do.
    Broken(Failure),
}

impl Bundle {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = shown_path(path);
        let found = files::read_limited(path, LIMIT).with_context(|| format!("cannot read {shown}"))?;
        let (bytes, metadata) = found.ok_or_else(|| Failure::new(format!("{shown} is not there")))?;
        let bytes = Zeroizing::new(bytes);
        let form = if pkcs12::looks_like(&bytes) {
            Form::Pkcs12(bytes)
        } else {
            let blocks = pem::blocks(&bytes).map_err(|damage| match damage {
                Damage::Block(line) => {
                    Failure::new(format!("{shown}:{line}: what begins here is no whole PEM block"))
                        .hint("base64 has to follow, and a line that is nothing but its `-----END …-----`")
                }
                Damage::TooMany => {
                    Failure::new(format!("{shown}: more than {} PEM blocks are in it", pem::MOST))
                }
            })?;
            if bytes.trim_ascii().is_empty() {
                return Err(Failure::new(format!("{shown} is empty")).into());
            }
            if blocks.is_empty() {
                let what = format!("{shown} is neither PEM nor PKCS#12");
                return Err(Failure::new(what)
                    .hint("`openssl x509 -inform der` makes PEM of a certificate, `openssl pkey` of a key")
                    .into());
            }
            Form::Pem(blocks)
        };
        Ok(Self { path: path.to_owned(), stamp: Stamp::of(&metadata), form })
    }

    /// Without its key, for which no password is needed then.
    pub(super) fn certificates_alone(self) -> Self {
        let form = match self.form {
            Form::Pem(blocks) => {
                Form::Pem(blocks.into_iter().filter(|block| block.label == "CERTIFICATE").collect())
            }
            pkcs12 => pkcs12,
        };
        Self { form, ..self }
    }

    /// Reads all that is in it. Of PKCS#12, an empty password is tried where none is given.
    pub(super) fn open(&self, password: Option<&Secret>) -> Result<Opened, Trouble> {
        match &self.form {
            Form::Pem(blocks) => {
                let key = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY"));
                let certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE");
                Ok(Opened {
                    certificates: self.certificates(certificates.map(|block| block.der.to_vec()))?,
                    key: key.map(|block| self.key(block, password)).transpose()?,
                })
            }
            Form::Pkcs12(bytes) => {
                let empty = Secret::new("");
                let contents =
                    pkcs12::open(bytes, password.unwrap_or(&empty)).map_err(|trouble| match trouble {
                        pkcs12::Trouble::Closed(closed) => self.closed(&closed),
                        pkcs12::Trouble::Damaged => self.broken(
                            "the PKCS#12 file is damaged, or not written in DER (`openssl pkcs12` writes it so)",
                        ),
                        pkcs12::Trouble::TooMany => {
                            self.broken(&format!("more than {} encrypted parts are in it", pkcs12::MOST))
                        }
                    })?;
                let key = contents.key.map(|der| SigningKey::of_pkcs8(&der)).transpose();
                Ok(Opened {
                    certificates: self.certificates(contents.certificates.into_iter())?,
                    key: key.map_err(|why| self.named(why))?,
                })
            }
        }
    }

    fn certificates(&self, ders: impl Iterator<Item = Vec<u8>>) -> Result<Vec<Certificate>, Trouble> {
        ders.enumerate()
            .map(|(index, der)| {
                let which = index + 1;
                Certificate::of(der)
                    .ok_or_else(|| self.broken(&format!("certificate {which} in it is damaged")))
            })
            .collect()
    }

    fn key(&self, block: &Block, password: Option<&Secret>) -> Result<SigningKey, Trouble> {
        let key = match block.label.as_str() {
            _ if block.has_headers => {
                let what = format!("{}: the key is encrypted in OpenSSL's old way", shown_path(&self.path));
                let hint = "`openssl pkcs8 -topk8 -in OLD -out NEW` writes it in the way of today";
                return Err(Trouble::Broken(Failure::new(what).hint(hint)));
            }
            "PRIVATE KEY" => SigningKey::of_pkcs8(&block.der),
            "RSA PRIVATE KEY" => SigningKey::of_pkcs1(&block.der),
            "EC PRIVATE KEY" => SigningKey::of_sec1(&block.der),
            "ENCRYPTED PRIVATE KEY" => {
                let locked = ShroudedKey::from_der(&block.der)
                    .map_err(|_| self.broken("the private key is damaged"))?;
                let open = decrypt(&locked.algorithm, locked.sealed.as_bytes(), password)
                    .map_err(|closed| self.closed(&closed))?;
                SigningKey::of_pkcs8(&open)
            }
            "TSS2 PRIVATE KEY" => {
                Err(Failure::new("the key is in a TPM, with which awsenv cannot sign").hint(BY_HELPER))
            }
            other => Err(Failure::new(format!("{other}: awsenv signs with keys in PKCS#8, PKCS#1 and SEC1"))),
        };
        key.map_err(|why| self.named(why))
    }

    fn closed(&self, closed: &Closed) -> Trouble {
        let what = match closed {
            Closed::Password => return Trouble::Locked,
            Closed::Scheme(scheme) => format!("it is encrypted by {scheme}, which awsenv does not know"),
            Closed::Parameters => {
                "how it is encrypted cannot be read, or is a way that awsenv does not know".to_owned()
            }
            Closed::Costly(why) => (*why).to_owned(),
        };
        self.named(Failure::new(what).hint(ENCRYPT_ANEW))
    }

    fn broken(&self, why: &str) -> Trouble {
        self.named(Failure::new(why))
    }

    fn named(&self, why: Failure) -> Trouble {
        Trouble::Broken(Failure { what: format!("{}: {}", shown_path(&self.path), why.what), ..why })
    }
}
