//! What syntax costs in a file of 100,000 lines: `cargo bench --bench syntax`.

use std::hint::black_box;
use std::time::Duration;

use byok_lsp::syntax::{
    Language, SyntaxTree, enclosing_scopes, imports, open_brackets, outline, place,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ropey::Rope;

const LINES: usize = 100_000;
const MINUTE: Duration = Duration::from_mins(1);
const FIXTURE: &str = include_str!("../grammars/rust/fixture.rs");

fn syntax(criterion: &mut Criterion) {
    let language = Language::from_id("rust").expect("it is in the registry");
    let text = Rope::from_str(&FIXTURE.repeat(LINES / FIXTURE.lines().count() + 1));
    let cursor = text.line_to_byte(LINES / 2) + text.line(LINES / 2).len_bytes() - 1;
    let tree = SyntaxTree::new(language)
        .parsed(&text, MINUTE)
        .expect("a minute is enough");
    let mut after = text.clone();
    after.insert(text.byte_to_char(cursor), "x");
    let mut stale = tree.clone();
    stale.edit(&text, &after, cursor..cursor, 1);

    let mut group = criterion.benchmark_group("100k lines");
    group.sample_size(30);
    group.bench_function("parse afresh", |bench| {
        bench.iter(|| SyntaxTree::new(language).parsed(black_box(&text), MINUTE));
    });
    group.bench_function("edit", |bench| {
        bench.iter_batched(
            || tree.clone(),
            |mut tree| tree.edit(&text, &after, cursor..cursor, 1),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("parse after an edit", |bench| {
        bench.iter(|| stale.parsed(black_box(&after), MINUTE));
    });
    group.bench_function("clone", |bench| bench.iter(|| stale.clone()));
    group.bench_function("enclosing scopes", |bench| {
        bench.iter(|| enclosing_scopes(&tree, &text, black_box(cursor)));
    });
    group.bench_function("outline of 4 kB", |bench| {
        bench.iter(|| outline(&tree, &text, cursor..black_box(cursor) + 4096));
    });
    group.bench_function("outline of all", |bench| {
        bench.iter(|| outline(&tree, &text, 0..text.len_bytes()));
    });
    group.bench_function("imports of the first 16 kB", |bench| {
        bench.iter(|| imports(&tree, &text, 0..black_box(16_384)));
    });
    group.bench_function("place", |bench| {
        bench.iter(|| place(&tree, &text, black_box(cursor)));
    });
    group.bench_function("open brackets of 4 kB", |bench| {
        bench.iter(|| open_brackets(&tree, &text, cursor - 4096..black_box(cursor)));
    });
    group.finish();
}

criterion_group!(benches, syntax);
criterion_main!(benches);
