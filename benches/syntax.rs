//! What syntax costs in a file of 100,000 lines, and a snapshot of a document in shorter and longer ones: `cargo bench --bench syntax`.

use std::hint::black_box;
use std::time::Duration;

use byok_lsp::config::Layers;
use byok_lsp::session::Session;
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
    let text = Rope::from_str(&code(LINES));
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

/// A request's first deed, in the loop: what it takes must not grow with the document.
fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot of a document");
    for lines in [10_000, LINES] {
        let uri = "file:///w/a.rs";
        let mut session = Session::new(Layers::default());
        session.open(uri, "rust", &code(lines));
        // A parse is given up after two seconds, so a busy machine may need another.
        while session.claim_parse(uri) {
            let job = session.begin_parse(uri).expect("it was claimed");
            let tree = job.run();
            assert!(session.end_parse(&job, tree).is_break());
        }
        let snapshot = session.snapshot(uri).expect("it is open");
        assert!(snapshot.tree.is_some_and(|tree| tree.is_current()));
        group.bench_function(format!("{lines} lines"), |bench| {
            bench.iter(|| session.snapshot(black_box(uri)));
        });
    }
    group.finish();
}

/// The fixture again and again, until there are so many lines.
fn code(lines: usize) -> String {
    FIXTURE.repeat(lines / FIXTURE.lines().count() + 1)
}

criterion_group!(benches, syntax, snapshot);
criterion_main!(benches);
