//! A world where `aws login` signs in: who does, and what the AWS CLI keeps of it.

use awsenv_sandbox::{Console, KeyForm, Role, Sandbox, Scenario};
use serde_json::Value;

use crate::portal;
use crate::world::World;

pub(crate) const ME: &str = "arn:aws:iam::111122223333:user/me";
/// `sha256(ME)`.
pub(crate) const OF_ME: &str =
    ".aws/login/cache/6eeec053fe13079aaf7fd81065ec5ecbdb93674f20700e51842d0c769b240c8a.json";

pub(crate) const CONFIG: &str = "\
[profile me]
region = eu-west-1
login_session = arn:aws:iam::111122223333:user/me

[profile deploy]
region = eu-west-1
role_arn = arn:aws:iam::222222222222:role/Deploy
source_profile = me
";

pub(crate) fn sandbox() -> Sandbox {
    sandbox_with(Console::default())
}

pub(crate) fn sandbox_with(console: Console) -> Sandbox {
    let deploy = Role::new("arn:aws:iam::222222222222:role/Deploy", &[ME]);
    Sandbox::start(Scenario::default().console(console).role(deploy))
}

/// A home whose profiles are those of [`CONFIG`], with a browser that tells the test what it opens.
pub(crate) fn world(sandbox: &Sandbox) -> World {
    portal::world(sandbox).config(CONFIG).env("AWS_ENDPOINT_URL_SIGNIN", sandbox.url())
}

/// [`world`], signed in as the AWS CLI does it, with keys that end in so many seconds.
pub(crate) fn signed_in(sandbox: &Sandbox, seconds: i64) -> World {
    let world = world(sandbox);
    keep(&world, &sandbox.console_session(seconds, KeyForm::Sec1));
    world
}

/// Puts a session where the AWS CLI keeps it.
pub(crate) fn keep(world: &World, session: &Value) {
    portal::keep(world, OF_ME, session);
}

pub(crate) fn kept(world: &World) -> Value {
    portal::token(world, OF_ME)
}
