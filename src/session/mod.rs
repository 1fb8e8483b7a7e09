//! What is kept between runs: sessions and a shell's originals, sealed; the way to a session's key, and back to its directory; the last
//! failure; which MFA codes were used, and which PINs refused; which certificate a token has; the tokens of a sign-in; the names of accounts; what opens the agent's endpoint; what was exported where; and how all of it goes again. Knows nothing of shells, providers or the network.

pub mod account_names;
pub mod aside;
pub mod failure;
pub mod grant;
pub mod history;
pub mod index;
pub mod key;
pub mod lease;
pub mod login;
pub mod mfa_mark;
pub mod noted;
pub mod refused_pin;
pub mod session_key;
pub mod sign_in;
pub mod sso;
pub mod store;
pub mod sweep;
