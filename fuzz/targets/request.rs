//! A request to the endpoint or to the page of a sign-in.
#![no_main]

use awsenv::loopback::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|head: &[u8]| {
    let Some(request) = Request::parse(head) else { return };
    // Lines may end either way, each as it likes (RFC 9112, 2.2).
    assert!(head.windows(3).any(|end| end == b"\n\r\n") || head.windows(2).any(|end| end == b"\n\n"));
    // A field that stands twice is none: whose word would count?
    let said = |name: &str| {
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let fields =
            head.lines().skip_while(|line| line.is_empty()).skip(1).take_while(|line| !line.is_empty());
        fields.filter(|line| line.split(':').next() == Some(name)).count()
    };
    assert!(request.authorization.is_none() || said("authorization") <= 1);
    assert!(request.host.is_none() || said("host") <= 1);
    let _ = format!("{request:?}");
});
