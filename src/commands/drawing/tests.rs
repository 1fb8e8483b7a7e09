use super::line::{cut, cut_front, cut_within, wrapped};
use super::*;

fn canvas(columns: usize, env: &[(&str, &str)]) -> Option<Canvas> {
    Canvas::of(Some(columns), &env.iter().copied().collect(), Colours::Auto)
}

fn plain(columns: usize) -> Canvas {
    canvas(columns, &[("LANG", "C.UTF-8"), ("NO_COLOR", "1")]).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_348_800 + seconds).unwrap()
}

fn drawn(line: &Line) -> String {
    line.drawn(false)
}

/// How wide each line is on a terminal.
fn widths(text: &str) -> Vec<usize> {
    text.lines().map(|line| Line::of(Ink::Plain, line, false).width()).collect()
}

#[test]
fn what_is_too_long_is_cut_where_it_says_least() {
    let line = |text| plain(80).text(Ink::Plain, text);
    let all = |text, width| [cut, cut_front, cut_within].map(|cut| drawn(&cut(&line(text), width, false)));
    assert_eq!(all("abcdef", 6), ["abcdef"; 3]);
    assert_eq!(all("abcdef", 5), ["abcd…", "…cdef", "ab…ef"]);
    assert_eq!(all("abcdef", 1), ["…"; 3]);
    assert_eq!(all("abcdef", 0), [""; 3]);
    // Two cells each: half a character is none.
    assert_eq!(all("日本語", 5), ["日本…", "…本語", "日…語"]);
    assert_eq!(all("日本語", 4), ["日…", "…語", "日…"]);
    assert_eq!(drawn(&cut(&line("abcdefgh"), 7, true)), "abcd...");
    assert_eq!(drawn(&cut(&line("abcdefgh"), 4, true)), "abc~");
}

#[test]
fn words_go_on_below_and_long_ones_are_broken() {
    let lines = |text: &str, width| {
        wrapped(&plain(80).text(Ink::Plain, text), width).iter().map(drawn).collect::<Vec<_>>()
    };
    assert_eq!(lines("to be or not", 6), ["to be ", "or not"]);
    assert_eq!(lines("to be", 5), ["to be"]);
    assert_eq!(lines("abcdefgh ij", 3), ["abc", "def", "gh ", "ij"]);
    assert_eq!(lines("日本語", 3), ["日", "本", "語"]);
    assert_eq!(lines("", 3), [""]);
}

#[test]
fn nothing_that_is_drawn_steers_the_terminal() {
    let canvas = canvas(80, &[("LANG", "C.UTF-8"), ("TERM", "xterm")]).unwrap();
    assert_eq!(canvas.text(Ink::Plain, "a\x1b[31m\u{202e}\n").drawn(true), "a\\u{1b}[31m\\u{202e}\\n");
    assert_eq!(canvas.text(Ink::Strong, "a").drawn(true), "\x1b[1ma\x1b[0m");
    assert_eq!(canvas.text(Ink::StrongOf(Colour::Red), "a").drawn(true), "\x1b[1;31ma\x1b[0m");
}

#[test]
fn a_terminal_gets_what_it_has() {
    let of = |terminal, env: &[(&str, &str)], colours| {
        Canvas::of(terminal, &env.iter().copied().collect(), colours)
            .map(|canvas| (canvas.columns, canvas.colours, canvas.ascii))
    };
    let (auto, utf8) = (Colours::Auto, ("LANG", "C.UTF-8"));
    assert_eq!(of(Some(100), &[utf8], auto), Some((100, true, false)));
    assert_eq!(of(Some(200), &[utf8], auto), Some((120, true, false)));
    assert_eq!(of(Some(39), &[utf8], auto), None);
    assert_eq!(of(Some(0), &[utf8, ("COLUMNS", "90")], auto), Some((90, true, false)));
    assert_eq!(of(Some(80), &[utf8, ("NO_COLOR", "1")], auto), Some((80, false, false)));
    assert_eq!(of(Some(80), &[utf8, ("TERM", "dumb")], auto), Some((80, false, true)));
    assert_eq!(of(Some(80), &[("LANG", "C")], auto), Some((80, true, true)));
    assert_eq!(of(Some(80), &[utf8], Colours::Never), Some((80, false, false)));
    assert_eq!(of(None, &[utf8], Colours::Always), None);
    assert_eq!(of(None, &[utf8, ("CLICOLOR_FORCE", "1")], auto), Some((80, true, false)));
    assert_eq!(of(None, &[utf8, ("CLICOLOR_FORCE", "0")], auto), None);
    assert_eq!(of(None, &[utf8, ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], auto), None);
}

#[test]
fn a_bar_is_as_full_as_what_is_left() {
    let time = |begin: Option<i64>, end, now| drawn(&plain(80).time(begin.map(at), at(end), at(now)));
    let bar = |full| "━".repeat(full) + &"─".repeat(20 - full);
    let of = |end, now| time(Some(0), end, now).split(' ').next().unwrap().to_owned();
    assert_eq!(
        [of(3600, 0), of(3600, 1800), of(3600, 3599), of(3600, 3600)],
        [bar(20), bar(10), bar(1), bar(0)]
    );
    // A clock that was put back, or a file that was touched later.
    assert_eq!([of(3600, -100), of(-10, 0)], [bar(20), bar(0)]);
    assert!(time(None, 3600, 0).starts_with("1h00m left, until "), "{}", time(None, 3600, 0));
    assert!(time(Some(0), 60, 120).contains("ended 1m ago, "), "{}", time(Some(0), 60, 120));
}

#[test]
fn a_card_is_as_wide_as_what_is_in_it_and_never_wider_than_the_terminal() {
    let card = |canvas: Canvas, title: &str, text: &str| {
        let mut sheet = canvas.sheet(8);
        sheet.field("account", canvas.text(Ink::Plain, text), Some("~/acme/.awsenv:2"));
        sheet.gap();
        sheet.gap();
        sheet.story("why", Ink::Plain, &format!("{text} {text}"));
        sheet.beside(canvas.text(Ink::Plain, "│  "), Ink::Plain, &format!("{text} {text}"));
        sheet.gap();
        sheet.card(Some(Colour::Green), &canvas.text(Ink::Plain, title), &canvas.text(Ink::Plain, "loaded"))
    };
    assert_eq!(
        card(plain(80), "dev", "111122223333"),
        "\
╭─ dev ─────────────────────────────────────────── loaded ─╮
│  account 111122223333                  ~/acme/.awsenv:2  │
│                                                          │
│  why     111122223333 111122223333                       │
│  │  111122223333 111122223333                            │
╰──────────────────────────────────────────────────────────╯
"
    );
    let long = "日本語のプロファイル-".repeat(20);
    for columns in [40, 41, 80, 119, 120] {
        for (title, text) in [("dev", "x"), (&*long, "x"), ("dev", &*long), (&*long, &*long), ("", "")] {
            let drawn = card(plain(columns), title, text);
            let widths = widths(&drawn);
            assert!(widths.iter().all(|width| *width == widths[0] && *width <= columns), "{drawn}");
        }
    }
    let ascii = canvas(80, &[("LANG", "C"), ("NO_COLOR", "1")]).unwrap();
    let drawn = card(ascii, "dév", "→ é");
    assert!(drawn.is_ascii() && drawn.starts_with("+- d?v ---"), "{drawn}");
}

#[test]
fn what_a_narrow_card_says_is_whole_and_who_says_it_goes() {
    let card = |columns| {
        let canvas = plain(columns);
        let mut sheet = canvas.sheet(11);
        let account =
            canvas.text(Ink::Plain, "111122223333").and(canvas.text(Ink::Strong, "  Acme payments"));
        sheet.field("account", account, Some("~/acme/payments/.awsenv:2"));
        sheet.field(
            "region",
            canvas.text(Ink::Plain, "ap-northeast-2"),
            Some("~/acme/payments/production/.awsenv:3"),
        );
        let path = "~/acme/payments/production/europe/.awsenv";
        sheet.field("file", canvas.text(Ink::Plain, path), None);
        sheet.gap();
        sheet.field("session", canvas.time(Some(at(-60)), at(3540), at(0)), None);
        sheet.card(None, &canvas.text(Ink::Plain, "dev"), &Line::default())
    };
    let narrow = "\
╭─ dev ────────────────────────────────╮
│  account    111122223333  Acme       │
│             payments                 │
│  region     ap-northeast-2           │
│  file       ~/acme/paym…ope/.awsenv  │
│                                      │
│  session    59m left, until ";
    assert!(card(40).starts_with(narrow), "{}", card(40));
    for columns in [40, 60, 80, 120] {
        let card = card(columns);
        for whole in ["111122223333", "ap-northeast-2", "59m left, until "] {
            assert!(card.contains(whole), "{columns}: {card}");
        }
    }
    assert!(card(60).contains("  …ments/production/.awsenv:3  │"), "{}", card(60));
}

#[test]
fn columns_are_as_wide_as_they_have_to_be_and_the_widest_gives_way() {
    let canvas = plain(40);
    let row = |cells: &[&str]| cells.iter().map(|cell| canvas.text(Ink::Plain, cell)).collect::<Vec<_>>();
    assert_eq!(
        canvas.columns(&[row(&["a", "bb", "c"]), row(&["aaa", "b", ""])], &[1]),
        "a    bb  c\naaa  b   \n"
    );
    let long = "/very/long/path".repeat(5);
    let drawn = canvas.columns(&[row(&["abc", &long, "c"]), row(&["a", "b", &long])], &[1, 2]);
    assert!(widths(&drawn)[1] == 40 && drawn.starts_with("abc  /very/lo…"), "{drawn}");
    assert_eq!(canvas.columns(&[], &[0]), "");
    let wide = canvas.columns(&[row(&[long.as_str(); 30])], &[3]);
    assert_eq!(widths(&wide), [40]);
}
