//! One function of C's math library, so that the program does not load the library for it.
//!
//! The AWS SDK's retries use `pow`, and nothing else in libm. Loading libm.so at each prompt costs 5 % of a
//! whole `export` (`cargo bench --bench cost`): mapping, relocating, and a longer search for every symbol.
#![expect(unsafe_code, reason = "a symbol of C's is defined; the function itself is safe Rust")]

/// `x` to the power of `y`, as C99 says (7.12.7.4).
// Sound: the signature is libm's own, and no other `pow` is linked.
#[unsafe(no_mangle)]
pub extern "C" fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_a_power() {
        assert_eq!(super::pow(2.0, 10.0), 1024.0);
        assert_eq!(super::pow(9.0, 0.5), 3.0);
        assert!(super::pow(-1.0, 0.5).is_nan());
    }
}
