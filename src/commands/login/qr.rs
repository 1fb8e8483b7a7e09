//! An address as a QR code, for the camera of a phone.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules round it: readers want four and take two.
const QUIET: i32 = 2;
/// What is said below it has to fit on the same screen, the line that counts down included. With an address of AWS's
/// that is just a terminal of 24 lines.
const LINES_BELOW: i32 = 5;
/// Black on white, whatever the terminal's own colours: not every reader takes it the other way round.
const COLOURS: &str = "\x1b[38;5;16;48;5;231m";

/// The code, two modules a line; `None` where the terminal has no room for it.
pub(super) fn draw(text: &str, columns: u16, rows: u16) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let (from, to) = (-QUIET, code.size() + QUIET);
    let side = to - from;
    // The address below may be that long, too long for one line.
    let wrapped = i32::try_from(text.len()).ok()? / i32::from(columns).max(1);
    if side > i32::from(columns) || (side + 1) / 2 + LINES_BELOW + wrapped > i32::from(rows) {
        return None;
    }
    let module = |x, y| match (code.get_module(x, y), code.get_module(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    let line = |y| format!("{COLOURS}{}\x1b[0m\n", (from..to).map(|x| module(x, y)).collect::<String>());
    Some((from..to).step_by(2).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_only_where_it_fits() {
        let address = "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH";
        let drawn = draw(address, 80, 24).unwrap();
        let lines: Vec<_> = drawn.lines().collect();
        // Version 4 is 33 modules wide.
        assert_eq!(lines.len(), 19);
        assert!(lines.iter().all(|line| line.chars().filter(|c| "█▀▄ ".contains(*c)).count() == 37));
        assert_eq!(draw(address, 80, 23), None, "the address would push it off the screen");
        assert_eq!(draw(address, 40, 24), None, "the address takes two lines");
        assert!(draw(address, 40, 25).is_some());
        assert_eq!(draw(address, 36, 50), None);
        assert_eq!(draw(&"x".repeat(5000), 500, 500), None);
    }
}
