//! What the settings, `.awsenv` and the files of AWS say, and who may read and write them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{broken, told};
use crate::world::World;

#[test]
fn a_mistake_in_the_settings_is_told_with_its_line() {
    let world = World::new();
    assert!(told(world.run(["doctor", "settings"])).starts_with("✓ settings"));
    let world = world.settings("wiat = \"1s\"\n");
    assert_eq!(
        broken(world.run(["doctor", "settings"])),
        "✗ settings    $HOME/.config/awsenv/config.toml:1: wiat: unknown key
              fix: did you mean `wait`?\n"
    );
}

#[test]
fn settings_that_a_variable_names_have_to_be_there() {
    let world = World::new().env("AWSENV_CONFIG", "/nowhere/config.toml");
    assert_eq!(
        told(world.run(["doctor", "settings"])),
        "! settings    AWSENV_CONFIG names /nowhere/config.toml, which is not there: all is as it usually is
              fix: write that file, or unset AWSENV_CONFIG\n"
    );
    let empty = world.run(["doctor", "settings"]).env("AWSENV_CONFIG", "");
    assert!(told(empty).starts_with("✓ settings    there is no "));
}

#[test]
fn the_awsenv_that_counts_here_is_followed() {
    let world = World::with_pin();
    let here = || world.run(["doctor", "directory"]).at("acme");
    assert_eq!(told(world.run(["doctor", "directory"])), "✓ directory   no .awsenv counts here\n");
    assert_eq!(told(here()), "✓ directory   ~/acme/.awsenv counts: dev\n");
    world.write("acme/.awsenv", "profile = \"dve\"\n");
    let text = broken(here());
    assert!(text.contains("has changed since it was allowed"), "{text}");
    world.allow("acme");
    let text = broken(here());
    assert!(text.contains("there is no profile dve") && text.contains("fix: did you mean dev?"), "{text}");
    world.write("new/.awsenv", "profile = \"dev\"\n");
    let text = told(world.run(["doctor", "directory"]).at("new"));
    assert_eq!(
        text,
        "! directory   ~/new/.awsenv is not allowed\n              fix: look at it, then run `awsenv allow`\n"
    );
}

#[test]
fn mistakes_in_the_aws_files_are_told_with_file_and_line() {
    let good = "[profile a]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
                [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n[default]\nregion = x\n";
    assert!(
        told(World::new().config(good).run(["doctor", "config"])).starts_with("✓ config      2 profiles in")
    );
    for (config, seen, fix) in [
        (
            "[profile a]\nsso_session = crop\nsso_account_id = 111122223333\nsso_role_name = D\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://x\n",
            "~/.aws/config:2: sso_session: there is no [sso-session crop]",
            "did you mean corp?",
        ),
        (
            "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = nobody\n",
            "~/.aws/config:3: source_profile of a: there is no profile nobody",
            "mend that line",
        ),
        (
            "[profile a]\nsource_profile = b\nrole_arn = arn:aws:iam::111122223333:role/R\n[profile b]\nsource_profile = a\nrole_arn = arn:aws:iam::111122223333:role/R\n",
            "leads in a circle",
            "mend that line",
        ),
        (
            "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = k\nduration_seconds = 1h\n[profile k]\naws_access_key_id = AKIA\naws_secret_access_key = planted\n",
            "~/.aws/config:4: duration_seconds: expected whole seconds, like 3600",
            "mend that line",
        ),
        ("[profile a]\nregion\n", "~/.aws/config:2", "mend that line"),
        ("[dev]\nregion = x\n", "~/.aws/config:1: [dev] names no profile here", "write [profile dev]"),
        (
            "[profile 'my dev']\nregion = x\n",
            "~/.aws/config:1: [profile 'my dev'] names no profile here: awsenv and most AWS SDKs skip it; the AWS CLI and boto3 do not",
            "rename it: a name is letters, digits or any of _-/.%@:+",
        ),
        (
            "\u{feff}[profile a]\nregion = x\n",
            "~/.aws/config: begins with a byte order mark",
            "save it as UTF-8 without one",
        ),
        (
            "[profile a]\nregion = x\n[profile a]\noutput = json\n",
            "~/.aws/config:3: [profile a] again; it is on line 1, too: the AWS CLI and boto3 refuse the whole file",
            "put what is below both under one header",
        ),
    ] {
        let text = broken(World::new().config(config).run(["doctor", "config"]));
        assert!(text.contains(seen) && text.contains(&format!("fix: {fix}\n")), "{seen}:\n{text}");
        assert!(!text.contains("planted"), "{text}");
    }
    for (config, seen) in [
        ("[profile a]\nregoin = x\n", "~/.aws/config:2: regoin: AWS clients know no such key"),
        (
            "[default]\naws_access_key_id = AKIA\naws_secret_access_key = planted\n",
            "long-lived keys in plain text",
        ),
    ] {
        let text = told(World::new().config(config).run(["doctor", "config"]));
        assert!(text.starts_with("! config") && text.contains(seen) && !text.contains("planted"), "{text}");
    }
    let keys = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = planted\n";
    let text = told(World::new().file(".aws/credentials", keys).run(["doctor", "config"]));
    assert!(
        text.contains("~/.aws/credentials:3: ") && text.contains("`awsenv key import default`"),
        "{text}"
    );
    // What that machine gives is not here.
    let text = told(
        World::new()
            .config(
                "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Environment\n",
            )
            .run(["doctor", "config"]),
    );
    assert!(text.starts_with("· config"), "{text}");
    let many: String = (0..30).map(|at| format!("[x{at}]\n")).collect();
    let text = broken(World::new().config(&many).run(["doctor", "config"]));
    assert!(text.lines().count() < 30 && text.ends_with("· config      and 18 more\n"), "{text}");
}

#[test]
fn what_others_may_read_and_write_is_named() {
    let world = World::new().config("[profile a]\n");
    assert!(told(world.run(["doctor", "permissions"])).starts_with("✓ permissions"));
    let world = world.file(".aws/credentials", "").file(".aws/sso/cache/x.json", "{}");
    let text = told(world.run(["doctor", "permissions"]));
    assert!(text.contains("others may read ~/.aws/credentials (mode 644)"), "{text}");
    assert!(text.contains("fix: chmod go= ~/.aws/sso/cache/x.json"), "{text}");
    fs::set_permissions(world.at(".aws"), fs::Permissions::from_mode(0o777)).unwrap();
    let text = broken(world.run(["doctor", "permissions"]));
    assert!(text.contains("everybody may write ~/.aws\n              fix: chmod o-w ~/.aws\n"), "{text}");
}

#[test]
fn private_keys_that_others_may_read_are_named() {
    let arns = "--trust-anchor-arn arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0 --profile-arn \
                arn:aws:rolesanywhere:us-east-1:111122223333:profile/0 --role-arn arn:aws:iam::111122223333:role/Edge";
    let here = "[roles_anywhere]\ntrust_anchor_arn = \"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0\"\n\
                profile_arn = \"arn:aws:rolesanywhere:us-east-1:111122223333:profile/0\"\n\
                role_arn = \"arn:aws:iam::111122223333:role/Edge\"\ncertificate = \"here.pem\"\nprivate_key = \"here.key\"\n";
    let world = World::new().file("pki/edge.pem", "").file("pki/edge.key", "").file("acme/here.pem", "");
    let world = world.file("acme/here.key", "").file("acme/.awsenv", here).allowed("acme");
    let [certificate, key] =
        ["pki/edge.pem", "pki/edge.key"].map(|file| world.at(file).display().to_string());
    let line = format!(
        "[profile a]\ncredential_process = /opt/aws_signing_helper credential-process {arns} --certificate {certificate} \
         --private-key {key}"
    );
    let world = world.config(&line);
    fs::set_permissions(world.at(".aws/config"), fs::Permissions::from_mode(0o644)).unwrap();
    let at = |directory| told(world.run(["doctor", "permissions"]).at(directory));
    let fault = |file| {
        format!("! permissions others may read {file} (mode 644)\n              fix: chmod go= {file}\n")
    };
    assert_eq!(at("pki"), fault("~/pki/edge.key"));
    assert_eq!(at("acme"), fault("~/acme/here.key") + &fault("~/pki/edge.key"));
    for key in ["pki/edge.key", "acme/here.key"] {
        fs::set_permissions(world.at(key), fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(at("acme").starts_with("✓ permissions"));
    let world = world.config(&format!("{line} --pkcs8-password x"));
    fs::set_permissions(world.at(".aws/config"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(told(world.run(["doctor", "permissions"])), fault("~/.aws/config"));
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let world = World::new();
    assert!(told(world.run(["doctor", "disk"])).starts_with("✓ disk"));
    assert!(!world.at(".local/state/awsenv").exists(), "nothing was made");
    world.write(".local/state/awsenv", "in the way");
    let text = broken(world.run(["doctor", "disk"]));
    assert!(text.contains("~/.local/state/awsenv cannot be written"), "{text}");
}
