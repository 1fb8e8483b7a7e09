//! What is no `.awsenv`, said with its line and how to write it.

use super::*;

const ROLE: &str = "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\n";

/// All that a certificate goes with.
const CERTIFICATE: &str = "\
[roles_anywhere]
trust_anchor_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0'
profile_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:profile/0'
role_arn = 'arn:aws:iam::111122223333:role/Edge'
";

#[test]
fn too_many_tags_or_policies_are_counted() {
    let tags: Vec<_> = (0..51).map(|n| format!("t{n} = ''")).collect();
    assert_eq!(
        complaint(parse(&format!("{ROLE}tags = {{ {} }}", tags.join(", ")))),
        "acme/.awsenv:3: role.tags: AWS takes at most 50 tags"
    );
    let arns = ["'arn:aws:iam::aws:policy/A'"; 11].join(", ");
    assert_eq!(
        complaint(parse(&format!("{ROLE}policy_arns = [{arns}]"))),
        "acme/.awsenv:3: role.policy_arns: AWS takes at most 10 policies"
    );
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    refused(&[
        ("profile = dev", "acme/.awsenv:1: string values must be quoted, expected literal string"),
        (
            "\n\nprofile = \"dev\nregion = \"us-east-1\"",
            "acme/.awsenv:3: invalid basic string, expected `\"`",
        ),
        ("region = 'us-east-1'\nregion = 'us-east-2'", "acme/.awsenv:2: region: duplicate key"),
        ("[sso]\n[keys]\n[sso]\n", "acme/.awsenv:3: sso: duplicate key"),
        (
            "profile = \"\u{1b}[31m\"",
            "acme/.awsenv:1: invalid basic string, expected non-double-quote visible characters, `\\`",
        ),
    ]);
}

#[test]
fn a_key_nobody_knows_is_named_with_its_neighbour() {
    refused(&[
        ("proflie = 'dev'", "acme/.awsenv:1: proflie: unknown key\ndid you mean `profile`?"),
        (
            "region = 'us-east-1'\nbanana = 1\navocado = 2",
            "acme/.awsenv:2: banana: unknown key\nknown keys: profile, region, account, duration, deliver, inherit, env, stage, sso, keys, roles_anywhere, role",
        ),
        (
            "\"\\u001b[2J\" = 1",
            "acme/.awsenv:1: \\u{1b}[2J: unknown key\nknown keys: profile, region, account, duration, deliver, inherit, env, stage, sso, keys, roles_anywhere, role",
        ),
        (
            "protected = true",
            "acme/.awsenv:1: protected: unknown key\nknown keys: profile, region, account, duration, deliver, inherit, env, stage, sso, keys, roles_anywhere, role",
        ),
        (
            "[stage.prod]\ninherit = true",
            "acme/.awsenv:2: stage.prod.inherit: unknown key\nknown keys: profile, region, account, duration, deliver, protected, env, sso, keys, roles_anywhere, role",
        ),
        (
            "[stage.prod.stage.x]",
            "acme/.awsenv:1: stage.prod.stage: unknown key\nknown keys: profile, region, account, duration, deliver, protected, env, sso, keys, roles_anywhere, role",
        ),
        (
            "[sso]\nstart_uri = 'https://acme.awsapps.com/start'",
            "acme/.awsenv:2: sso.start_uri: unknown key\ndid you mean `start_url`?",
        ),
        (
            "[[role]]\nexternalid = 'x'",
            "acme/.awsenv:2: role.externalid: unknown key\ndid you mean `external_id`?",
        ),
        (
            "[[role]]\nmfa_serial = 'arn:aws:iam::111122223333:mfa/me'",
            "acme/.awsenv:2: role.mfa_serial: unknown key\nknown keys: arn, external_id, session_name, duration, policy_arns, policy, tags, transitive_tags, source_identity",
        ),
        (
            "[keys]\nduration = '1h'",
            "acme/.awsenv:2: keys.duration: unknown key\nknown keys: name, mfa_serial, session",
        ),
    ]);
}

#[test]
fn a_value_of_another_type_is_told_how_to_be_written() {
    refused(&[
        (
            "profile = 1",
            "acme/.awsenv:1: profile: expected text, found an integer\nwrite it in quotes: \"1\"",
        ),
        (
            "account = 111122223333",
            "acme/.awsenv:1: account: expected text, found an integer\nwrite it in quotes: \"111122223333\"",
        ),
        ("account = [1]", "acme/.awsenv:1: account: expected text, found a list"),
        (
            "region = 1979-05-27",
            "acme/.awsenv:1: region: expected text, found a date\nwrite it in quotes: \"1979-05-27\"",
        ),
        ("inherit = 'yes'", "acme/.awsenv:1: inherit: expected true or false, found text"),
        ("env = 'A=1'", "acme/.awsenv:1: env: expected a table, found text"),
        ("stage = [1]", "acme/.awsenv:1: stage: expected a table, found a list"),
        ("stage.prod = 'x'", "acme/.awsenv:1: stage.prod: expected a table, found text"),
        ("sso = true", "acme/.awsenv:1: sso: expected a table, found true or false"),
        (
            "[role]\narn = 'x'",
            "acme/.awsenv:1: role: expected a list, found a table\nbegin it with [[role]], not [role]",
        ),
        ("role = [1]", "acme/.awsenv:1: role: expected a table, found an integer"),
        ("role = []", "acme/.awsenv:1: role: an empty list\nleave it out"),
        (
            "[stage.prod]\nprotected = 1",
            "acme/.awsenv:2: stage.prod.protected: expected true or false, found an integer",
        ),
    ]);
}

#[test]
fn a_source_is_one_and_whole() {
    refused(&[
        (
            "profile = 'dev'\n\n[sso]\nstart_url = ''",
            "acme/.awsenv:3: sso: a second source, beside profile on line 1\nkeep one of them",
        ),
        (
            "[stage.prod.keys]\nname = 'ci'\n[stage.prod.sso]\nrole = 'x'",
            "acme/.awsenv:3: stage.prod.sso: a second source, beside stage.prod.keys on line 1\nkeep one of them",
        ),
        ("profile = 'two words'", "acme/.awsenv:1: profile: a name is letters, digits or any of _-/.%@:+"),
        ("profile = ''", "acme/.awsenv:1: profile: a name is letters, digits or any of _-/.%@:+"),
        (
            "[sso]\nstart_url = 'https://acme.awsapps.com/start'\nregion = 'us-east-1'\naccount = '111122223333'",
            "acme/.awsenv:1: sso.role: this key is required",
        ),
        (
            "[sso]\nstart_url = 'https://acme.awsapps.com/start'\nregion = 'evil.com/'",
            "acme/.awsenv:3: sso.region: a region is letters, digits and hyphens, like eu-west-1",
        ),
        (
            "[sso]\nstart_url = 'https://a.b'\nregion = 'us-east-1'\naccount = '1'",
            "acme/.awsenv:4: sso.account: an account is twelve digits, in quotes",
        ),
        (
            "[sso]\nstart_url = 'https://a.b'\nregion = 'us-east-1'\naccount = '111122223333'\nrole = 'a b'",
            "acme/.awsenv:5: sso.role: a role's name is 1 to 64 letters, digits or any of _+=,.@-",
        ),
        ("[keys]\nsession = false", "acme/.awsenv:1: keys.name: this key is required"),
        ("[keys]\nname = 'a b'", "acme/.awsenv:2: keys.name: a name is letters, digits or any of _-/.%@:+"),
        (
            "[keys]\nname = 'ci'\nmfa_serial = 'me'",
            "acme/.awsenv:3: keys.mfa_serial: 9 to 256 letters, digits or any of _+=/:,.@-",
        ),
        (
            "[keys]\nname = 'ci'\nsession = 'no'",
            "acme/.awsenv:3: keys.session: expected true or false, found text",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:iam::111122223333:role/x'",
            "acme/.awsenv:2: roles_anywhere.trust_anchor_arn: expected an ARN like arn:aws:rolesanywhere:REGION:111122223333:trust-anchor/…",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:rolesanywhere::111122223333:trust-anchor/0'",
            "acme/.awsenv:2: roles_anywhere.trust_anchor_arn: the ARN names no region",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0'\nprofile_arn = 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/0'",
            "acme/.awsenv:3: roles_anywhere.profile_arn: it is in eu-west-1, but the trust anchor is in us-east-1",
        ),
    ]);
    for address in [
        "'http://acme.awsapps.com/start'",
        "'https://me@acme.awsapps.com/start'",
        "\"https://acme.awsapps.com/$(id)'\"",
        "'https:///start'",
    ] {
        let expected =
            "acme/.awsenv:2: sso.start_url: expected an address like https://acme.awsapps.com/start";
        refused_below("[sso]\nstart_url = ", &[(address, expected)]);
    }
    refused_below(
        CERTIFICATE,
        &[
            (
                "certificate = '~you/edge.pem'",
                "acme/.awsenv:5: roles_anywhere.certificate: only your own home can be written with ~, as ~/",
            ),
            ("certificate = ''", "acme/.awsenv:5: roles_anywhere.certificate: a path is expected"),
            (
                "certificate = 'x'\nsession_name = 'a b'",
                "acme/.awsenv:6: roles_anywhere.session_name: 2 to 64 letters, digits or any of _+=,.@-",
            ),
        ],
    );
}

#[test]
fn region_account_and_delivery_are_checked() {
    refused(&[
        (
            "region = 'us_east_1'",
            "acme/.awsenv:1: region: a region is letters, digits and hyphens, like eu-west-1",
        ),
        ("account = '1111'", "acme/.awsenv:1: account: an account is twelve digits, in quotes"),
        ("deliver = 'endpiont'", "acme/.awsenv:1: deliver: unknown word endpiont\ndid you mean `endpoint`?"),
        ("deliver = 'fax'", "acme/.awsenv:1: deliver: unknown word fax\nknown words: env, profile, endpoint"),
    ]);
}

#[test]
fn a_duration_is_text_and_within_what_aws_allows() {
    refused(&[
        (
            "duration = 3600",
            "acme/.awsenv:1: duration: expected text like \"1h\", found an integer\nfor seconds write \"3600s\"",
        ),
        (
            "duration = 0xe10",
            "acme/.awsenv:1: duration: expected text like \"1h\", found an integer\nfor seconds write \"3600s\"",
        ),
        ("duration = '1 hour'", "acme/.awsenv:1: duration: write a duration like 1h, 1h30m or 90s"),
        ("duration = -1", "acme/.awsenv:1: duration: expected text like \"1h\", found an integer"),
        ("duration = true", "acme/.awsenv:1: duration: expected text like \"1h\", found true or false"),
        ("duration = '14m'", "acme/.awsenv:1: duration: AWS allows 15m to 12h00m"),
        ("duration = '13h'", "acme/.awsenv:1: duration: AWS allows 15m to 12h00m"),
        ("duration = '900.5s'", "acme/.awsenv:1: duration: AWS counts in whole seconds"),
        ("profile = 'dev'\nduration = '13h'", "acme/.awsenv:2: duration: AWS allows 15m to 12h00m"),
        ("duration = '37h'\n[keys]\nname = 'ci'", "acme/.awsenv:1: duration: AWS allows 15m to 1d12h"),
        (
            "duration = '24h'\n[keys]\nname = 'ci'\n[[role]]\narn = 'arn:aws:iam::444455556666:role/Deploy'",
            "acme/.awsenv:1: duration: AWS allows 15m to 12h00m",
        ),
        (
            "duration = '24h'\n[keys]\nname = 'ci'\n[stage.prod]\nprofile = 'prod'",
            "acme/.awsenv:1: duration: AWS allows 15m to 12h00m in stage.prod",
        ),
        (
            "[keys]\nname = 'ci'\n[stage.prod]\nprofile = 'prod'\nduration = '24h'",
            "acme/.awsenv:5: stage.prod.duration: AWS allows 15m to 12h00m",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/Deploy'\nduration = '24h'",
            "acme/.awsenv:3: role.duration: AWS allows 15m to 12h00m",
        ),
    ]);
}

#[test]
fn a_role_is_checked_by_what_sts_takes() {
    refused(&[
        ("[[role]]\nexternal_id = 'x'", "acme/.awsenv:1: role.arn: this key is required"),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\n\n[[role]]\narn = 'Deploy'",
            "acme/.awsenv:5: role.arn: expected an ARN like arn:aws:iam::111122223333:role/…",
        ),
    ]);
    refused_below(
        ROLE,
        &[
            (
                "external_id = 'x'",
                "acme/.awsenv:3: role.external_id: 2 to 1224 letters, digits or any of _+=,.@:/-",
            ),
            (
                "session_name = 'my name'",
                "acme/.awsenv:3: role.session_name: 2 to 64 letters, digits or any of _+=,.@-",
            ),
            (
                "source_identity = 'my name'",
                "acme/.awsenv:3: role.source_identity: 2 to 64 letters, digits or any of _+=,.@-",
            ),
            ("policy = '[1]'", "acme/.awsenv:3: role.policy: a policy is a JSON object"),
            ("policy = '{\"Version\": }'", "acme/.awsenv:3: role.policy: a policy is a JSON object"),
            ("policy = {}", "acme/.awsenv:3: role.policy: expected text, found a table"),
            ("policy = \"{}\\u001b\"", "acme/.awsenv:3: role.policy: control character \\u{1b} in the text"),
            ("policy_arns = 'ReadOnly'", "acme/.awsenv:3: role.policy_arns: expected a list, found text"),
            (
                "policy_arns = [\n  'arn:aws:iam::aws:policy/A',\n  'ReadOnly',\n]",
                "acme/.awsenv:5: role.policy_arns: expected an ARN like arn:aws:iam::111122223333:policy/…",
            ),
            (
                "tags = { 'aws:team' = 'x' }",
                "acme/.awsenv:3: role.tags.aws:team: tags that begin with aws: are AWS's own",
            ),
            (
                "tags = { team = 1 }",
                "acme/.awsenv:3: role.tags.team: expected text, found an integer\nwrite it in quotes: \"1\"",
            ),
            (
                "tags = { Team = 'x', team = 'y' }",
                "acme/.awsenv:3: role.tags.team: AWS takes it for the same tag as Team",
            ),
            ("tags = ['team']", "acme/.awsenv:3: role.tags: expected a table, found a list"),
            (
                "tags = { team = 'x' }\ntransitive_tags = ['taem']",
                "acme/.awsenv:4: role.transitive_tags: taem is none of this role's tags",
            ),
            (
                "transitive_tags = ['team']",
                "acme/.awsenv:3: role.transitive_tags: team is none of this role's tags",
            ),
        ],
    );
}

#[test]
fn a_variable_is_text_under_a_harmless_name() {
    refused(&[
        (
            "[env]\nTF_PARALLELISM = 4",
            "acme/.awsenv:2: env.TF_PARALLELISM: expected text, found an integer\nwrite it in quotes: \"4\"",
        ),
        (
            "[env]\nDEBUG = true",
            "acme/.awsenv:2: env.DEBUG: expected text, found true or false\nwrite it in quotes: \"true\"",
        ),
        ("[env]\nA.B = 'x'", "acme/.awsenv:2: env.A: expected text, found a table"),
        (
            "[env]\n1A = 'x'",
            "acme/.awsenv:2: env.1A: refused: a variable's name is letters, digits and _, and begins with no digit",
        ),
        (
            "[env]\nA-B = 'x'",
            "acme/.awsenv:2: env.A-B: refused: a variable's name is letters, digits and _, and begins with no digit",
        ),
        (
            "[env]\nAWS_PROFILE = 'x'",
            "acme/.awsenv:2: env.AWS_PROFILE: refused: awsenv and AWS's own tools are steered by it",
        ),
        (
            "[env]\nhttp_proxy = 'x'",
            "acme/.awsenv:2: env.http_proxy: refused: it decides where connections go and whom they trust",
        ),
        (
            "[env]\nHOME = '/tmp'",
            "acme/.awsenv:2: env.HOME: refused: it moves the place that programs read their settings from",
        ),
        (
            "[stage.prod.env]\nPATH = '/tmp'",
            "acme/.awsenv:2: stage.prod.env.PATH: refused: it decides what the shell runs",
        ),
        (
            "[stage.prod.env]\nLD_PRELOAD = '/tmp/x.so'",
            "acme/.awsenv:2: stage.prod.env.LD_PRELOAD: refused: it makes programs load or run other code",
        ),
    ]);
}
