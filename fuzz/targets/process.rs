//! What a `credential_process` prints: credentials, or an error that shows nothing of it.
#![no_main]

use awsenv::provider::process;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|printed: &[u8]| {
    match process::read(printed) {
        Ok(credentials) => {
            assert!(
                !credentials.access_key_id.is_empty() && !credentials.secret_access_key.expose().is_empty()
            );
            let shown = format!("{credentials:?}");
            let secret = credentials.secret_access_key.expose();
            assert!(
                secret.len() < 12 || credentials.access_key_id.contains(secret) || !shown.contains(secret)
            );
        }
        // They are all ours: one that held a piece of what was printed would be longer, or of other letters.
        Err(reason) => assert!(reason.len() < 80 && reason.is_ascii(), "{reason:?}"),
    }
});
