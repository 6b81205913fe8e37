//! The forms of plates: GA 36-2018 and the plates of the services. Strict, for the register and for judging a read.

use super::{PROVINCES, Plate};

/// Which form a plate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlateForm {
    /// 省 + letter + 5: blue or yellow.
    Civil,
    /// Small new-energy: 省 + letter + energy letter + letter or digit + 4 digits.
    NewEnergySmall,
    /// Large new-energy: 省 + letter + 5 digits + energy letter.
    NewEnergyLarge,
    /// 省 + letter + 4 + 警 学 挂 港 澳 领 试 超.
    Suffixed,
    /// 6 digits + 使, or the older 使 + 6 digits; consulates 省 + 5 digits + 领.
    Diplomatic,
    /// 省 + X or S + 4 or 5 + 应急.
    Emergency,
    /// 民航 + 5.
    Aviation,
    /// WJ + optional 省 + 5.
    ArmedPolice,
    /// Two letters + 5 digits.
    Military,
}

impl PlateForm {
    /// The form of a fully read plate; `None` when it has none, so that it is misread or false.
    pub fn of(plate: Plate) -> Option<Self> {
        let symbols: Vec<char> = plate.symbols().collect();
        Self::of_symbols(&symbols)
    }

    pub(super) fn of_symbols(s: &[char]) -> Option<Self> {
        if s.first() == Some(&'W') && s.get(1) == Some(&'J') {
            return armed_police(s);
        }
        match s {
            ['民', '航', rest @ ..] if rest.len() == 5 && all(rest, serial) => Some(Self::Aviation),
            ['使', rest @ ..] | [rest @ .., '使'] if rest.len() == 6 && all(rest, digit) => {
                Some(Self::Diplomatic)
            }
            [province, rest @ .., '领'] if is_province(*province) && rest.len() == 5 && all(rest, digit) => {
                Some(Self::Diplomatic)
            }
            [province, 'X' | 'S', rest @ .., '应', '急']
                if is_province(*province) && (4..=5).contains(&rest.len()) && all(rest, serial) =>
            {
                Some(Self::Emergency)
            }
            [province, issuer, rest @ ..] if is_province(*province) && is_issuer(*issuer) => civil(rest),
            [a, b, rest @ ..]
                if a.is_ascii_uppercase()
                    && b.is_ascii_uppercase()
                    && rest.len() == 5
                    && all(rest, digit) =>
            {
                Some(Self::Military)
            }
            _ => None,
        }
    }
}

/// What follows province and issuing letter.
fn civil(rest: &[char]) -> Option<PlateForm> {
    match rest {
        [serials @ .., '警' | '学' | '挂' | '港' | '澳' | '领' | '试' | '超']
            if serials.len() == 4 && all(serials, serial) =>
        {
            Some(PlateForm::Suffixed)
        }
        [energy, second, digits @ ..]
            if digits.len() == 4 && is_energy(*energy) && serial(*second) && all(digits, digit) =>
        {
            Some(PlateForm::NewEnergySmall)
        }
        [digits @ .., energy] if digits.len() == 5 && is_energy(*energy) && all(digits, digit) => {
            Some(PlateForm::NewEnergyLarge)
        }
        // GA 36-2018 annex: at most two letters in the serial of five.
        _ if rest.len() == 5
            && all(rest, serial)
            && rest.iter().filter(|c| c.is_ascii_uppercase()).count() <= 2 =>
        {
            Some(PlateForm::Civil)
        }
        _ => None,
    }
}

fn armed_police(s: &[char]) -> Option<PlateForm> {
    let rest = s.get(2..)?;
    let rest = if rest.first().copied().is_some_and(is_province) { rest.get(1..)? } else { rest };
    (rest.len() == 5 && all(rest, serial)).then_some(PlateForm::ArmedPolice)
}

fn all(symbols: &[char], is: fn(char) -> bool) -> bool {
    symbols.iter().all(|c| is(*c))
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// A letter or digit of a serial: no I, no O (GA 36-2018).
fn serial(c: char) -> bool {
    c.is_ascii_digit() || c.is_ascii_uppercase() && !matches!(c, 'I' | 'O')
}

fn is_issuer(c: char) -> bool {
    c.is_ascii_uppercase() && c != 'I'
}

fn is_province(c: char) -> bool {
    PROVINCES.contains(c)
}

/// D A B C E pure electric, F G H J K not pure (GA 36-2018, new-energy plates).
fn is_energy(c: char) -> bool {
    matches!(c, 'A'..='H' | 'J' | 'K')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Option<PlateForm> {
        PlateForm::of(Plate::parse(text).ok()?)
    }

    #[test]
    fn each_form_is_known() {
        for (text, expected) in [
            ("鲁Q12345", PlateForm::Civil),
            ("鲁QAB123", PlateForm::Civil),
            ("鲁QD12345", PlateForm::NewEnergySmall),
            ("鲁QDA2345", PlateForm::NewEnergySmall),
            ("鲁Q12345F", PlateForm::NewEnergyLarge),
            ("鲁Q1234挂", PlateForm::Suffixed),
            ("鲁Q1234学", PlateForm::Suffixed),
            ("224578使", PlateForm::Diplomatic),
            ("沪22478领", PlateForm::Diplomatic),
            ("鲁X1234应急", PlateForm::Emergency),
            ("民航A1234", PlateForm::Aviation),
            ("WJ京1234X", PlateForm::ArmedPolice),
            ("TS12345", PlateForm::Military),
        ] {
            assert_eq!(form(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_plate_has_no_form() {
        for text in ["沪111111", "鲁QABC12", "鲁QDDD123", "鲁Q1234-", "鲁QW12345", "TS123456"] {
            assert_eq!(form(text), None, "{text}");
        }
    }
}
