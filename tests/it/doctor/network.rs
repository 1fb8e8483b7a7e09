//! Between here and AWS: names, proxies, certificates, clocks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use awsenv_sandbox::{Sandbox, Scenario};

use super::{broken, told};
use crate::cloud;
use crate::run::Run;
use crate::world::World;

#[test]
fn what_is_in_the_way_of_aws_is_told_apart() {
    let world = World::new();
    let run = |url: &str| {
        let run = world.run(["doctor", "network"]).env("AWS_ENDPOINT_URL_STS", url);
        // A resolver that is asked again in time, where its first answer is lost.
        run.without("NO_PROXY").without("AWS_CA_BUNDLE").env("RES_OPTIONS", "timeout:1")
    };
    let sandbox = Sandbox::start(Scenario::default());
    let text = told(run(sandbox.url()));
    assert_eq!(
        text,
        "✓ network     STS in us-east-1 is reached\n✓ network     this machine's clock is AWS's\n"
    );
    assert!(broken(run("http://127.0.0.1:1")).contains("no connection: Connection refused"));
    assert!(broken(run("https://no-such-host.invalid")).contains("DNS knows no such host"));
    let proxy = refusing_proxy("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let text = broken(run("https://sts.example.com").env("HTTPS_PROXY", format!("http://{proxy}")));
    assert!(
        text.contains("by the proxy of HTTPS_PROXY: the proxy wants to know who you are (407)"),
        "{text}"
    );
    assert!(text.contains("fix: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"), "{text}");
    let proxy = refusing_proxy("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    let text = broken(run("https://sts.example.com").env("https_proxy", format!("http://{proxy}")));
    assert!(
        text.contains("the proxy refuses: unsuccessful") && text.contains("fix: look at https_proxy"),
        "{text}"
    );
    let plain = refusing_proxy("HTTP/1.1 200 OK\r\n\r\n");
    let text = broken(run(&format!("https://{plain}")));
    assert!(text.contains("TLS: ") && text.contains("set AWS_CA_BUNDLE"), "{text}");
    sandbox.clock().set_offset(3600);
    assert!(broken(run(sandbox.url())).contains("AWS refuses what is signed so"));
}

#[test]
fn certificates_that_never_come_hold_nobody_up() {
    let sandbox = cloud::sandbox();
    let world = cloud::world(&sandbox).env("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1");
    let fifo = world.at("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        let run = |words: &[&str]| {
            let run = Run::new(&world, words).without("AWS_CA_BUNDLE").env(name, &fifo);
            run.any_stdout().any_stderr()
        };
        let why = format!("{name}: cannot read $HOME/fifo: not a regular file");
        let text = run(&["doctor", "network"]).exits(1).stdout;
        assert!(text.contains(&why) && text.contains(&format!("fix: {name} must name")), "{text}");
        let told = run(&["exec", "one", "--", "true"]).exits(125).stderr;
        assert!(told.contains(&why), "{told}");
    }
}

#[test]
fn a_password_in_an_endpoint_is_not_shown() {
    let world = World::new();
    for words in [&["doctor", "network"][..], &["doctor", "network", "--json"]] {
        let run = Run::new(&world, words).env("AWS_ENDPOINT_URL_STS", "https://u:p@planted@127.0.0.1:1/x");
        let text = run.any_stdout().exits(1).stdout;
        assert!(text.contains("(127.0.0.1:1)") && !text.contains("planted"), "{text}");
    }
}

/// Answers whatever comes with this.
fn refusing_proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn each_service_that_profiles_need_is_asked_once() {
    let sandbox = cloud::sandbox();
    let world = cloud::world(&sandbox).config(
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n\
         [profile a]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
         [profile b]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Ops\n",
    );
    let run = world.run(["doctor", "network"]);
    let run = run
        .env("AWS_ENDPOINT_URL_SSO", sandbox.url())
        .env("AWS_ENDPOINT_URL_SSO_OIDC", format!("{}/", sandbox.url()));
    let text = told(run);
    assert!(
        text.contains("the access portal in eu-west-1 is reached") && text.lines().count() <= 3,
        "{text}"
    );
}
