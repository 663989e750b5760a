//! Source code to open: real syntax, as long as wanted.

/// How many lines one item of [`code`] has.
pub const ITEM: usize = 5;

/// Makes Rust code of so many lines.
pub fn code(lines: usize) -> String {
    let item = |n: usize| {
        format!(
            "fn item_{n}(value: usize) -> usize {{\n    let doubled = value * 2;\n    doubled + {n}\n}}\n\n"
        )
    };
    (0..lines / ITEM).map(item).collect()
}

/// Returns the line in the middle of such code at whose end something is typed, and its length.
pub fn middle(lines: usize) -> (usize, usize) {
    (
        lines / ITEM / 2 * ITEM + 1,
        "    let doubled = value * 2;".len(),
    )
}

/// Returns the same of an item behind the middle's: a place that was asked about a while ago is one for which the server knows the answer.
pub fn behind_middle(lines: usize, items: usize) -> (usize, usize) {
    let (line, column) = middle(lines);
    (line + items * ITEM, column)
}

/// Numbers that look random and are the same in every run.
pub struct Random(u64);

impl Random {
    /// Starts a sequence.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Returns the next number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).expect("it has 53 bits") % end
    }
}
