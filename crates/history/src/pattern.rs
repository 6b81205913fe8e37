//! Parts of plates, as people remember them: `鲁Q12*`, `??123?5`, `A12`.

/// A pattern for plates. `?` stands for one symbol, `*` for any number of them; without either the text may stand anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Any number of symbols.
    Many,
    /// One symbol, whichever.
    One,
    /// One of these.
    Of(Vec<char>),
}

impl Pattern {
    /// Reads a pattern; full-width and lower-case letters are folded. `None` when it names no symbol at all.
    pub fn parse(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        for c in text.trim().chars().filter(|c| !matches!(c, ' ' | '\u{3000}' | '·')) {
            tokens.push(match c {
                '?' | '？' => Token::One,
                '*' | '＊' => Token::Many,
                '\u{ff01}'..='\u{ff5e}' => {
                    let half = char::from_u32(c as u32 - 0xfee0).unwrap_or(c);
                    Token::Of(vec![half.to_ascii_uppercase()])
                }
                _ => Token::Of(vec![c.to_ascii_uppercase()]),
            });
        }
        if !tokens.iter().any(|token| matches!(token, Token::Of(_))) {
            return None;
        }
        if tokens.iter().all(|token| matches!(token, Token::Of(_))) {
            tokens.insert(0, Token::Many);
            tokens.push(Token::Many);
        }
        Some(Self { tokens })
    }

    /// The same, also matching the symbols that `reads` gives for a symbol: what cameras take it for.
    #[must_use]
    pub fn with_misreads(mut self, reads: impl Fn(char) -> Vec<char>) -> Self {
        for token in &mut self.tokens {
            if let Token::Of(symbols) = token {
                let more: Vec<char> = symbols.iter().flat_map(|symbol| reads(*symbol)).collect();
                symbols.extend(more);
            }
        }
        self
    }

    /// Whether a plate is such a one.
    pub fn matches(&self, plate: &str) -> bool {
        let mut symbols = ['\0'; 16];
        let mut count = 0;
        for symbol in plate.chars() {
            let Some(slot) = symbols.get_mut(count) else { return false };
            *slot = symbol;
            count += 1;
        }
        glob(&self.tokens, symbols.get(..count).unwrap_or_default())
    }
}

fn glob(tokens: &[Token], symbols: &[char]) -> bool {
    match (tokens, symbols) {
        ([], []) => true,
        ([Token::Many, rest @ ..], _) => {
            (0..=symbols.len()).any(|skipped| glob(rest, symbols.get(skipped..).unwrap_or_default()))
        }
        ([Token::One, rest @ ..], [_, symbols @ ..]) => glob(rest, symbols),
        ([Token::Of(these), rest @ ..], [symbol, symbols @ ..]) => {
            these.contains(symbol) && glob(rest, symbols)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_what_people_write() {
        let is = |pattern: &str, plate: &str| Pattern::parse(pattern).unwrap().matches(plate);
        for pattern in ["鲁Q12345", "鲁q１2*", "*345", "鲁?12?45", "Q123", "鲁·Q12345", "*2*4*"] {
            assert!(is(pattern, "鲁Q12345"), "{pattern}");
        }
        for pattern in ["鲁Q1234?5", "?Q1234", "345*", "鲁Q12346", "鲁?"] {
            assert!(!is(pattern, "鲁Q12345"), "{pattern}");
        }
        for nothing in ["", "*", "??", " * "] {
            assert_eq!(Pattern::parse(nothing), None);
        }
        let misread = Pattern::parse("鲁Q8*")
            .unwrap()
            .with_misreads(|symbol| if symbol == '8' { vec!['B'] } else { vec![] });
        assert!(misread.matches("鲁QB2345") && misread.matches("鲁Q82345") && !misread.matches("鲁Q02345"));
    }
}
