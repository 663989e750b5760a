//! Tables as spreadsheets write and read them: CSV by RFC 4180, or with tabs.
//!
//! Entry points: [`write_line`] and [`read`]. It is all of the form that reports and statements need; a crate for it would turn on features of others
//! that everything else would have to be built with anew.

/// Appends a line.
pub fn write_line<'a>(out: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (number, field) in fields.into_iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        if field.contains([',', '"', '\r', '\n']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push('\n');
}

/// Reads a table: each line with its number, counted from 1. Lines without anything are left out. What is not well formed is read as far as it makes
/// sense, as spreadsheets do: a quote that is never closed lasts to the end.
pub fn read(text: &str) -> Vec<(u64, Vec<String>)> {
    let head = text.lines().next().unwrap_or_default();
    let separator = if head.contains('\t') { '\t' } else { ',' };
    let mut lines = Vec::new();
    let mut line: Vec<String> = Vec::new();
    let mut field = String::new();
    let (mut number, mut began) = (1, 1);
    let mut is_quoted = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if is_quoted && rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if field.is_empty() => is_quoted = true,
            '\r' if !is_quoted && rest.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                line.push(std::mem::take(&mut field));
                let whole = std::mem::take(&mut line);
                if whole.iter().any(|field| !field.is_empty()) {
                    lines.push((began, whole));
                }
                number += 1;
                began = number;
            }
            c if c == separator && !is_quoted => line.push(std::mem::take(&mut field)),
            c => {
                number += u64::from(c == '\n');
                field.push(c);
            }
        }
    }
    line.push(field);
    if line.iter().any(|field| !field.is_empty()) {
        lines.push((began, line));
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_commas_and_breaks_stay_within_their_field() {
        let text = "a,\"b, \"\"c\"\"\",\"d\ne\"\r\n\n1,,2";
        let told = read(text);
        assert_eq!(
            told[0],
            (1, vec!["a".into(), "b, \"c\"".into(), "d\ne".into()])
        );
        assert_eq!(told[1], (4, vec!["1".into(), String::new(), "2".into()]));
        assert_eq!(read("a\tb, c\n")[0].1, ["a", "b, c"]);
        assert!(read("").is_empty());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(fields in prop::collection::vec("[a-c\",\n ]{0,6}", 1..5)) {
            prop_assume!(fields.iter().any(|field| !field.is_empty()));
            let mut text = String::new();
            write_line(&mut text, fields.iter().map(String::as_str));
            prop_assert_eq!(&read(&text)[0].1, &fields);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,80}") {
            read(&text);
        }
    }
}
