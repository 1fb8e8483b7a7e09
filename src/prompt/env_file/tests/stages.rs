//! A stage over its base, and an inner file over an outer one.

use super::*;

#[test]
fn a_stage_with_a_source_starts_a_new_chain() {
    let text = format!(
        "region = 'eu-west-1'\naccount = '444455556666'\nduration = '1h'\n{SSO}\n\
         [env]\nA = 'base'\nB = 'base'\n\
         [stage.prod]\nprofile = 'acme-prod'\ndeliver = 'endpoint'\nprotected = true\n\
         [stage.prod.env]\nB = 'prod'\nC = 'prod'"
    );
    let pin = Pin {
        source: Some(PinSource::Profile("acme-prod".into())),
        roles: Vec::new(),
        region: Some("eu-west-1".into()),
        account: None,
        duration: HOUR,
        deliver: Some(Deliver::Endpoint),
        env: texts(&[("A", "base"), ("B", "prod"), ("C", "prod")]),
        protected: true,
    };
    assert_eq!(parse(&text).unwrap().pin(Some("prod")).unwrap(), pin);
}

#[test]
fn a_stage_without_a_source_keeps_chain_and_account() {
    let text = format!("account = '444455556666'\n{SSO}\n[stage.tokyo]\nregion = 'ap-northeast-1'");
    let file = parse(&text).unwrap();
    let pin = Pin { region: Some("ap-northeast-1".into()), ..file.base.clone() };
    assert_eq!(file.pin(Some("tokyo")).unwrap(), pin);
    assert_eq!(file.pin(None).unwrap(), file.base);
}

#[test]
fn a_stage_with_roles_alone_puts_them_on_the_same_source() {
    let text = format!(
        "account = '444455556666'\n{SSO}\n[[stage.audit.role]]\narn = 'arn:aws:iam::444455556666:role/Audit'"
    );
    let file = parse(&text).unwrap();
    let audit = Role {
        arn: "arn:aws:iam::444455556666:role/Audit".into(),
        decided_by: Some("acme/.awsenv:20".into()),
        ..Role::default()
    };
    assert_eq!(file.pin(Some("audit")).unwrap(), Pin { roles: vec![audit], ..file.base });
}

#[test]
fn an_inner_file_lies_over_the_outer_one_as_a_stage_over_its_base() {
    let outer = base(&format!("account = '444455556666'\n{SSO}\n[env]\nA = 'outer'"));
    let inner = base("inherit = true\nregion = 'eu-west-1'\n[env]\nB = 'inner'");
    let both = Pin {
        region: Some("eu-west-1".into()),
        env: texts(&[("A", "outer"), ("B", "inner")]),
        ..outer.clone()
    };
    assert_eq!(inner.over(outer), both);
}

#[test]
fn what_is_protected_below_stays_protected() {
    let outer = Pin { protected: true, ..Pin::default() };
    assert_eq!(Pin::default().over(outer.clone()), outer);
}

#[test]
fn an_unknown_stage_is_answered_with_the_known_ones() {
    let file = parse("[stage.prod]\n[stage.staging]").unwrap();
    assert_eq!(
        complaint(file.pin(Some("prdo"))),
        "acme/.awsenv: no stage prdo among prod, staging\ndid you mean `prod`?"
    );
    assert_eq!(complaint(file.pin(Some("x\n"))), "acme/.awsenv: no stage x\\n among prod, staging");
    assert_eq!(
        complaint(parse("").unwrap().pin(Some("prod"))),
        "acme/.awsenv: no stage prod\nthe file has no stages; [stage.NAME] begins one"
    );
}

#[test]
fn a_stage_has_a_name_to_type() {
    refused(&[
        ("[stage.-]", "acme/.awsenv:1: stage.-: `awsenv use -` means back, so no stage has this name"),
        (
            "[stage.'two words']",
            "acme/.awsenv:1: stage.two words: a name is letters, digits or any of _-/.%@:+",
        ),
        ("[stage.'']", "acme/.awsenv:1: stage.\"\": a name is letters, digits or any of _-/.%@:+"),
    ]);
}
