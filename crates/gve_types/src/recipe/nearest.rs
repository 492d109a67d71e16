//! The known word that a mistyped one most likely means.

/// The nearest of the known words, when it is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let scored = known.into_iter().map(|k| (distance(&word, &k.to_ascii_lowercase()), k));
    let (score, best) = scored.min_by_key(|(score, _)| *score)?;
    (score <= 1 + best.chars().count() / 4).then_some(best)
}

/// How many letters must be inserted, dropped or replaced: Wagner and Fischer, "The string-to-string
/// correction problem", JACM 1974.
fn distance(a: &str, b: &str) -> usize {
    // No known word is longer than this; a longer one is near to none.
    const LONGEST: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(LONGEST).collect(), b.chars().take(LONGEST).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, &to) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (a, b, expected) in
            [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("sphere", "spheer", 2)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn far_words_are_not_suggested() {
        assert_eq!(nearest("spheer", ["box", "sphere", "shell"]), Some("sphere"));
        assert_eq!(nearest("Cylindre", ["box", "cylinder"]), Some("cylinder"));
        assert_eq!(nearest("teapot", ["box", "sphere"]), None);
        assert_eq!(nearest("anything", []), None);
    }
}
