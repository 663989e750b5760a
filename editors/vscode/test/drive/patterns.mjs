// A file with a pattern in it that the embedded engine continues.
const one = (name) => `pub fn ${name}(path: &Path) -> std::io::Result<usize> {
    let reader = BufReader::new(File::open(path)?);
    Ok(reader.lines().${name}())
}

`;

export const PATTERNS = `use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

${['count', 'longest', 'shortest', 'first'].map(one).join('')}pub fn last(path: &Path) -> std::io::Result<usize> {

}
`;

/** The empty line of its last function. */
export const HOLE = 26;
