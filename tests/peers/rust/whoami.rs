//! Who the AWS SDK for Rust says one is. `--profile NAME` names a profile.

use aws_config::{AppName, BehaviorVersion};
use aws_sdk_sts::error::DisplayErrorContext;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    // By its name the sandbox tells this program's calls from awsenv's own.
    let name = AppName::new("peer").expect("a name of letters");
    let mut config = aws_config::defaults(BehaviorVersion::latest()).app_name(name).http_client(client);
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [flag, profile] = &arguments[..]
        && flag == "--profile"
    {
        config = config.profile_name(profile);
    }
    let config = config.load().await;
    match aws_sdk_sts::Client::new(&config).get_caller_identity().send().await {
        Ok(caller) => println!("{}", caller.arn().unwrap_or_default()),
        Err(error) => {
            eprintln!("{}", DisplayErrorContext(error));
            std::process::exit(1);
        }
    }
}
