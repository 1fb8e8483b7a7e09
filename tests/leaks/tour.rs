//! Every command, on what is good and on everything that can be wrong.

use awsenv_sandbox::{Sandbox, Scenario, User};

use crate::search::{Evidence, Search};
use crate::shells::SHELLS;
use crate::world::{ALL, CODE, Env, FILE_KEY, OLD_PASSWORD, ORIGINALS, SLIP, World};

/// Files that hold secrets because these tests wrote them there.
pub(crate) const PLANTED: [&str; 6] = [
    "home/.aws/credentials",
    "home/vended.json",
    "home/.aws/config",
    "config/awsenv/config.toml",
    "work/acme/.awsenv",
    "bad/.awsenv",
];
/// The same for keys that are added.
pub(crate) const PLANTED_KEYS: [&str; 2] = ["home/keys.json", "home/passphrase"];

/// All commands where everything is right.
pub(crate) fn commands(world: &World) -> Vec<Evidence> {
    let env = world.env();
    let mut evidence = Vec::new();
    let mut say = |dir: &str, command: &str| {
        let words: Vec<_> = command.split(' ').collect();
        evidence.extend(world.awsenv(dir, &words, &env).evidence());
    };
    for command in
        ["--help", "help exec", "--version", "man", "completions bash", "no-such-command", "export bash 1"]
    {
        say("elsewhere", command);
    }
    for shell in SHELLS {
        say("elsewhere", &format!("hook {shell}"));
    }
    for command in ["init acme --region eu-central-1", "init acme"] {
        say("work/acme", command);
    }
    let text = std::fs::read_to_string(world.path("work/acme/.awsenv")).unwrap();
    world.write("work/acme/.awsenv", text + "[env]\nDATABASE_URL = \"sqlite:dev\"\n");
    for command in [
        "status",
        "allow",
        "edit",
        "status",
        "status --json",
        "explain",
        "explain --json",
        "explain acme",
        "explain process --json",
        "explain mfa --json",
        "explain web",
        "explain absent",
        "doctor --offline",
        "doctor --offline --json",
        "trust list",
        "trust list --json",
        "exec -- true",
        "exec -- /no/such/program",
        "exec absent -- true",
        "exec process -- true",
        "exec torn -- true",
        "exec vended -- true",
        "exec --endpoint -- env",
        "exec half -- true",
        "credentials half",
        "credentials third",
        "credentials absent",
        "credentials process",
        "exec --min-ttl 100h -- true",
        "exec --region no/region -- true",
        "deny",
        "status",
        "exec -- true",
        "allow",
    ] {
        say("work/acme/deep", command);
    }
    evidence
}

/// What is meant to hold secrets: only those it is meant to, and none beside it.
pub(crate) fn answers(world: &World) -> (Vec<Evidence>, Vec<String>) {
    let env = world.env();
    let (mut evidence, mut wrong) = (Vec::new(), Vec::new());
    let originals = Search::of(&[&ORIGINALS[..3], &[CODE]].concat());
    for command in [
        "credentials acme",
        "credentials acme --format process",
        "credentials vended --format process",
        "credentials --format json",
        "exec -- env",
        "exec vended -- env",
    ] {
        let words: Vec<_> = command.split(' ').collect();
        let run = world.awsenv("work/acme", &words, &env);
        assert!(
            Search::of(&[FILE_KEY]).find(&run.stdout).is_some(),
            "{command} gives the keys: {:?}",
            String::from_utf8_lossy(&run.stderr)
        );
        wrong.extend(originals.find(&run.stdout).map(|found| format!("{command}: {found}")));
        evidence.extend(run.without_stdout());
    }
    for shell in SHELLS {
        let (_, text) = export(world, shell, "work/acme", &env, &mut evidence);
        wrong.extend(Search::of(&ORIGINALS).find(&text).map(|found| format!("entering, {shell}: {found}")));
    }
    (evidence, wrong)
}

/// One answer to a shell: what it sets goes back to the caller, all else is evidence. Values it gives to other
/// variables than the state may be secrets.
pub(crate) fn export(
    world: &World,
    shell: &str,
    dir: &str,
    env: &Env,
    evidence: &mut Vec<Evidence>,
) -> (String, Vec<u8>) {
    let pwd = world.path(dir).display().to_string();
    let run = world.awsenv(dir, &["export", shell, "4242", "5.2", &pwd], env);
    let text = String::from_utf8(run.stdout.clone()).unwrap();
    let sets = |line: &&str| line.starts_with("\\builtin export ") || line.starts_with("set -gx ");
    let (set, rest): (Vec<_>, Vec<_>) = text.lines().partition(sets);
    evidence.push(Evidence::new(format!("{} guard", run.name), rest.join("\n")));
    let state = set.iter().find_map(|line| line.split_once("AWSENV_STATE").map(|(_, rest)| rest));
    let state = state.and_then(|rest| rest.trim_start_matches(['=', ' ', '$', '\'']).split('\'').next());
    let state = state.unwrap_or_default().to_owned();
    evidence.push(Evidence::new(format!("{} state", run.name), state.clone()));
    evidence.extend(run.without_stdout());
    (state, set.join("\n").into_bytes())
}

/// Everything that can be wrong, with a secret where it is wrong.
pub(crate) fn mistakes(world: &World) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    let not_utf8 = [format!("[latin]\naws_secret_access_key = {SLIP}").as_bytes(), b"\xe9\n"].concat();
    let credentials: [Vec<u8>; 7] = [
        format!("[slip]\naws_secret_access_key {SLIP}\n").into(),
        format!("[slip\naws_secret_access_key = {SLIP}\n").into(),
        format!("[{SLIP}\n").into(),
        format!("[slip] {SLIP}\n").into(),
        format!("[slip]\n= {SLIP}\n").into(),
        format!("[acme]\naws_access_key_id = AKIAX\n[ acme ]\naws_access_key_id = {SLIP}\n").into(),
        not_utf8,
    ];
    for credentials in &credentials {
        world.aws_files("", credentials);
        all_ask(world, "work/acme", &mut evidence);
    }
    for config in [
        format!("{SLIP}\n"),
        format!("[profile acme]\ns3 =\n  {SLIP}\n"),
        format!("[profile x]\nregion = {SLIP} {SLIP}\n"),
    ] {
        world.aws_files(&config, "");
        all_ask(world, "work/acme", &mut evidence);
    }
    world.aws_files("", "");
    for text in [
        format!("aws_secret_access_key = \"{SLIP}\"\n"),
        format!("profile = {SLIP}\n"),
        format!("profile = \"acme\" {SLIP}\n"),
        format!("profile = \"{SLIP}\n"),
        format!("profile = [\"{SLIP}\"]\n"),
        format!("[keys]\nname = \"acme\"\nsecret = \"{SLIP}\"\n"),
        format!("[env]\nAWS_SECRET_ACCESS_KEY = \"{SLIP}\"\n"),
        format!("[env]\nPASSWORD = {SLIP}\n"),
        format!("[env]\nPASSWORD = \"{SLIP}\\q\"\n"),
        "profile = \"other\"\naccount = \"999988887777\"\n".into(),
        "profile = \"acme\"\naccount = \"999988887777\"\n".into(),
        "profile = \"half\"\n".into(),
        "profile = \"third\"\n".into(),
        "profile = \"process\"\n".into(),
        "profile = \"mfa\"\n".into(),
        "profile = \"web\"\n".into(),
        "profile = \"acme\"\ndeliver = \"endpoint\"\n".into(),
    ] {
        world.write("bad/.awsenv", &text);
        evidence.extend(world.awsenv("bad", &["allow"], &world.env()).evidence());
        all_ask(world, "bad", &mut evidence);
    }
    for text in [
        format!("passphrase = \"{SLIP}\"\n"),
        format!("passphrase_command = {SLIP}\n"),
        format!("wait = [\"{SLIP}\"]\n"),
    ] {
        world.write("config/awsenv/config.toml", &text);
        all_ask(world, "work/acme", &mut evidence);
    }
    std::fs::remove_file(world.path("config/awsenv/config.toml")).unwrap();
    // Not to be read as a file, whoever one is.
    std::fs::remove_file(world.path("home/.aws/credentials")).unwrap();
    std::fs::create_dir(world.path("home/.aws/credentials")).unwrap();
    all_ask(world, "work/acme", &mut evidence);
    std::fs::remove_dir(world.path("home/.aws/credentials")).unwrap();
    world.aws_files("", "");
    passwords_of_addresses(world, &mut evidence);
    evidence
}

/// In endpoints and proxies where nobody answers, or that nobody understands.
fn passwords_of_addresses(world: &World, evidence: &mut Vec<Evidence>) {
    let role = "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = acme\n\
                [profile acme]\nregion = eu-central-1\n";
    world.aws_files(role, "[acme]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n");
    // Escaped or not, a `/` must not cut it short of what the search knows.
    let slip = SLIP.replace('/', "%2F");
    for (name, value) in [
        ("AWS_ENDPOINT_URL_STS", format!("https://u:{slip}@127.0.0.1:1/x")),
        ("AWS_ENDPOINT_URL_STS", format!("https://u:{SLIP}@127.0.0.1:1/x")),
        ("AWS_ENDPOINT_URL_STS", format!("http://u:p@{slip}@127.0.0.1:1")),
        ("AWS_ENDPOINT_URL_STS", format!("u:{SLIP}@127.0.0.1:1")),
        ("AWS_ENDPOINT_URL_STS", format!("https://u:{SLIP} @[127")),
        ("HTTPS_PROXY", format!("http://u:{slip}@127.0.0.1:1")),
        ("HTTPS_PROXY", format!("http://u:{SLIP} @[127")),
    ] {
        let mut env = world.env();
        env.insert("AWS_ENDPOINT_URL_STS".into(), "https://127.0.0.1:1".into());
        env.insert("AWS_MAX_ATTEMPTS".into(), "1".into());
        env.insert("AWSENV_LOG".into(), "trace".into());
        env.insert(name.into(), value);
        for command in [
            &["doctor", "network"][..],
            &["doctor", "network", "--json"],
            &["explain", "role"],
            &["explain", "role", "--json"],
            &["exec", "role", "--", "true"],
            &["status"],
        ] {
            evidence.extend(world.awsenv("elsewhere", command, &env).evidence());
        }
    }
    world.aws_files("", "");
}

/// Keys that are added, right ones last, and used; and what came out in the end.
pub(crate) fn keys(world: &World) -> (Vec<Evidence>, String) {
    world.write("config/awsenv/config.toml", "passphrase_command = \"cat ~/passphrase\"\n");
    world.write("home/passphrase", OLD_PASSWORD);
    let aws = Sandbox::start(Scenario::default().user(User::new(
        "arn:aws:iam::111122223333:user/me",
        "AKIAX",
        SLIP,
    )));
    let mut env = world.env();
    env.insert("AWS_ENDPOINT_URL_STS".into(), aws.url().to_owned());
    let mut evidence = Vec::new();
    for json in [
        SLIP.to_owned(),
        format!(r#"{{"AccessKeyId": "{SLIP}", "SecretAccessKey": "{SLIP}"}}"#),
        format!(r#"{{"AccessKeyId": "AKIAX", "SecretAccessKey": ["{SLIP}"]}}"#),
        format!(r#"{{"AccessKeyId": "AKIAX", "SecretAccessKey": "{SLIP} "}}"#),
        format!(r#"{{"AccessKeyId": "AKIAX", "SecretAccessKey": "{SLIP}", "SessionToken": "{SLIP}"}}"#),
        format!(r#"{{"AccessKeyId": "AKIAX", "SecretAccessKey": "{SLIP}"}}"#),
    ] {
        world.write("home/keys.json", json);
        let program = world.program.display().to_string();
        let add = r#"exec "$0" key add ci --stdin <"$HOME/keys.json""#;
        evidence.extend(world.run("elsewhere", &["sh", "-c", add, &program], &env).evidence());
    }
    for command in [
        &["key", "list"][..],
        &["key", "list", "--json"],
        &["explain", "ci"],
        &["exec", "ci", "--", "true"],
        &["key", "import", "--dry-run"],
        &["key", "import", "half"],
        &["key", "import", "other"],
        &["key", "remove", "other", "--yes"],
    ] {
        evidence.extend(world.awsenv("elsewhere", command, &env).evidence());
    }
    world.write("bad/.awsenv", "[keys]\nname = \"ci\"\nsession = false\n");
    evidence.extend(world.awsenv("bad", &["allow"], &env).evidence());
    for command in [&["refresh"][..], &["status"], &["exec", "--", "true"]] {
        evidence.extend(world.awsenv("bad", command, &env).evidence());
    }
    export(world, "bash", "bad", &env, &mut evidence);
    let run = world.awsenv("elsewhere", &["credentials", "ci", "--no-session"], &env);
    let keys = String::from_utf8_lossy(&run.stdout).into_owned();
    evidence.extend(run.without_stdout());
    (evidence, keys)
}

fn all_ask(world: &World, dir: &str, evidence: &mut Vec<Evidence>) {
    let env = world.env();
    for command in
        [&["status"][..], &["status", "--json"], &["explain"], &["exec", "--", "true"], &["init", "acme"]]
    {
        evidence.extend(world.awsenv(dir, command, &env).evidence());
    }
    export(world, "bash", dir, &env, evidence);
    evidence.extend(world.awsenv(dir, &["credentials"], &env).without_stdout());
}

/// All secrets, and those that the files give: what the caller searches for.
pub(crate) fn everything() -> Search {
    Search::of(&ALL)
}
