//! A role to assume, for shells on terminals.

use awsenv_sandbox::{Role, Scenario, User};

const USER: &str = "arn:aws:iam::111122223333:user/me";
const ROLE: &str = "arn:aws:iam::444455556666:role/Deploy";

/// A user, and the role that trusts it.
pub fn scenario() -> Scenario {
    let user = User::new(USER, "AKIAALPHA", "secret/of+alpha");
    Scenario::default().user(user).role(Role::new(ROLE, &[USER]))
}

/// The profile of that role: `more` are further settings of it.
pub fn deploy(more: &str) -> String {
    format!("[profile deploy]\nrole_arn = {ROLE}\nsource_profile = alpha\n{more}region = eu-west-1\n")
}
