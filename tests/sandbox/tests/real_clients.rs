//! The sandbox against real AWS clients: what they are given, and what AWS refuses, it refuses.

use std::path::{Path, PathBuf};
use std::process::Command;

use awsenv_sandbox::{Call, Console, KeyForm, Portal, Role, Sandbox, Scenario, User};

const ME: &str = "arn:aws:iam::111122223333:user/me";
const DEPLOY: &str = "arn:aws:iam::222222222222:role/Deploy";
const MFA: &str = "arn:aws:iam::111122223333:mfa/me";

fn sandbox() -> Sandbox {
    let me = User::new(ME, "AKIAME", "secret/me").mfa(MFA, &["111111", "222222"]);
    let you = User::new("arn:aws:iam::111122223333:user/you", "AKIAYOU", "secret/you");
    let deploy =
        Role { external_id: Some("acme".into()), max_session_duration: 10_800, ..Role::new(DEPLOY, &[ME]) };
    let careful =
        Role { mfa: true, ..Role::new("arn:aws:iam::222222222222:role/Careful", &["111122223333"]) };
    let inner = Role::new("arn:aws:iam::333333333333:role/Inner", &[DEPLOY]);
    Sandbox::start(Scenario::default().user(me).user(you).role(deploy).role(careful).role(inner))
}

/// A Python that can import boto3: of `target/python`, as tests/requirements.txt says, or of the PATH.
fn python() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python3");
    let has_boto3 = |python: &PathBuf| {
        let output = Command::new(python).args(["-c", "import boto3"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    [own, "python3".into()].into_iter().find(has_boto3).expect(
        "no Python with boto3: python3 -m venv target/python && target/python/bin/pip install -r tests/requirements.txt",
    )
}

#[test]
fn boto3_gets_what_aws_gives_and_is_refused_what_aws_refuses() {
    let sandbox = sandbox();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients.py");
    let output = Command::new(python()).arg(script).arg(sandbox.url()).env_clear().output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let not_authorized = |who: &str, role: &str| {
        format!(
            "403 AccessDenied: User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}"
        )
    };
    let trust = not_authorized("arn:aws:iam::111122223333:user/you", DEPLOY);
    let nowhere = not_authorized(ME, "arn:aws:iam::222222222222:role/Nowhere");
    let deploy = not_authorized(ME, DEPLOY);
    let careful = not_authorized(ME, "arn:aws:iam::222222222222:role/Careful");
    let expected = format!(
        "\
keys: {ME}
arn:aws:sts::222222222222:assumed-role/Deploy/me for 60 minutes
role: arn:aws:sts::222222222222:assumed-role/Deploy/me
chain: arn:aws:sts::333333333333:assumed-role/Inner/me
mfa session: {ME}
mfa role: arn:aws:sts::222222222222:assumed-role/Careful/me
wrong secret: 403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. \
Check your AWS Secret Access Key and signing method. Consult the service documentation for details.
unknown key: 403 InvalidClientTokenId: The security token included in the request is invalid.
wrong token: 403 InvalidClientTokenId: The security token included in the request is invalid.
no token: 403 InvalidClientTokenId: The security token included in the request is invalid.
trust: {trust}
no such role: {nowhere}
wrong external id: {deploy}
no external id: {deploy}
no mfa: {careful}
wrong code: 403 AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.\u{20}
code again: 403 AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.\u{20}
other's device: 403 AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your \
MFA serial number is valid and associated with this user.
session of session: 403 AccessDenied: Cannot call GetSessionToken with session credentials
long chain: 400 ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
role chaining
longer than the role: 400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.
too short: 400 ValidationError: 1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy \
constraint: Member must have value greater than or equal to 900
tag again: 400 InvalidParameterValue: One of the specified transitive tag keys can't be set because it conflicts with a \
transitive tag key from the calling session.
policy: 400 MalformedPolicyDocument: Syntax errors in policy.
unsigned: 403 True
"
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let secrets = serde_json::to_string(&sandbox.calls()).unwrap();
    assert!(!secrets.contains("111111") && secrets.contains("\"TokenCode\":\"******\""), "{secrets}");
}

#[test]
fn botocore_signs_in_and_is_refused_what_identity_center_refuses() {
    let portal = Portal::default().role("111122223333", "Developer").role("222222222222", "Developer");
    let sandbox = Sandbox::start(Scenario::default().portal(portal));
    let token = sandbox.signed_in(3600);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sso.py");
    let mut command = Command::new(python());
    command.arg(script).arg(sandbox.url()).arg(token["accessToken"].as_str().unwrap());
    let output = command.env_clear().output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let expected = "\
device: 600 1 True
token: Bearer 28800
code again: 400 InvalidGrantException invalid_grant
wrong secret: 401 InvalidClientException invalid_client
other portal: 400 InvalidRequestException invalid_request
renewed: True
refresh token again: 400 InvalidGrantException invalid_grant
with a port: 400 InvalidRedirectUriException invalid_redirect_uri
scope: 400 InvalidScopeException invalid_scope
back: ['mine']
verifier: 400 InvalidGrantException invalid_grant
code was used: 400 InvalidGrantException invalid_grant
by browser: Bearer
role: arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/me@acme.example
accounts: ['111122223333', '222222222222']
roles: ['Developer']
no access: 403 ForbiddenException
no token: 401 UnauthorizedException
after logout: 401 UnauthorizedException
";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let log = serde_json::to_string(&sandbox.calls()).unwrap();
    let told: Vec<_> = sandbox.sign_in_secrets().into_iter().filter(|secret| log.contains(secret)).collect();
    assert_eq!(told, [""; 0]);
}

#[test]
fn botocore_logs_in_and_is_refused_what_the_console_refuses() {
    for form in [KeyForm::Sec1, KeyForm::Pkcs8] {
        let sandbox = Sandbox::start(Scenario::default().console(Console::default()));
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console");
        std::fs::create_dir_all(&home).unwrap();
        let name = "6eeec053fe13079aaf7fd81065ec5ecbdb93674f20700e51842d0c769b240c8a.json";
        std::fs::write(home.join(name), sandbox.console_session(-60, form).to_string()).unwrap();
        let config = home.join("config");
        std::fs::write(&config, format!("[profile me]\nlogin_session = {ME}\n")).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console.py");
        let mut command = Command::new(python());
        command.arg(script).arg(sandbox.url()).arg(&home).env_clear().env("AWS_CONFIG_FILE", config);
        let output = command.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let expected = "\
S256: 400
another callback: 400
another client: 400
confirmation elsewhere: 400
back: ['mine']
verifier: 400 ValidationException INVALID_REQUEST
code was used: 403 AccessDeniedException AUTHCODE_EXPIRED
no proof: 400 ValidationException INVALID_REQUEST
proof for elsewhere: 400 ValidationException INVALID_REQUEST
old proof: 400 ValidationException INVALID_REQUEST
tampered proof: 400 ValidationException INVALID_REQUEST
given: aws_sigv4 900
proof again: 400 ValidationException INVALID_REQUEST
shown: ['mine']
by hand: aws_sigv4
another's key: 400 ValidationException INVALID_REQUEST
another client's: 400 ValidationException INVALID_REQUEST
renewed: True False
refresh token again: 403 AccessDeniedException TOKEN_EXPIRED
person: arn:aws:iam::111122223333:user/me
rotated: True True
";
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
        let log = serde_json::to_string(&sandbox.calls()).unwrap();
        let told: Vec<_> =
            sandbox.sign_in_secrets().into_iter().filter(|secret| log.contains(secret)).collect();
        assert_eq!(told, [""; 0]);
    }
}

/// The CLI is large, so that only who names one has it tried: `AWSENV_TEST_AWS_CLI=/path/to/aws`.
#[test]
#[expect(clippy::disallowed_methods, reason = "there is no Env here to take")]
fn the_aws_cli_gets_and_is_refused_the_same() {
    let Some(program) = std::env::var_os("AWSENV_TEST_AWS_CLI") else { return };
    let sandbox = sandbox();
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let aws = |secret: &str, arguments: &[&str]| {
        Command::new(&program)
            .args(arguments)
            .args(["--endpoint-url", sandbox.url(), "--region", "eu-west-1", "--output", "text"])
            .env_clear()
            .envs([("HOME", home.to_str().unwrap()), ("AWS_MAX_ATTEMPTS", "1"), ("AWS_PAGER", "")])
            .envs([("AWS_ACCESS_KEY_ID", "AKIAME"), ("AWS_SECRET_ACCESS_KEY", secret)])
            .output()
            .unwrap()
    };
    let identity = ["sts", "get-caller-identity", "--query", "Arn"];
    let output = aws("secret/me", &identity);
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{ME}\n"), "{output:?}");
    let refused = aws("secret/mE", &identity);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("(SignatureDoesNotMatch)"), "{refused:?}");
    let assume = [
        "sts",
        "assume-role",
        "--role-arn",
        DEPLOY,
        "--role-session-name",
        "me",
        "--query",
        "AssumedRoleUser.Arn",
    ];
    let output = aws("secret/me", &[&assume[..], &["--external-id", "acme"]].concat());
    let arn = "arn:aws:sts::222222222222:assumed-role/Deploy/me\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), arn, "{output:?}");
    let refused = aws("secret/me", &[&assume[..], &["--external-id", "emca"]].concat());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("(AccessDenied)"), "{refused:?}");
    let statuses: Vec<_> = sandbox.calls().iter().map(|Call { status, .. }| *status).collect();
    assert_eq!(statuses, [200, 403, 200, 403]);
}
