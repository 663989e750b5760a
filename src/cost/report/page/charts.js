// The charts of a report. `byokReport.show(root, report)` fills an element from the JSON of `byok-lsp usage --json`, which is also the `report`
// of `byok/usageSummary`; Chart.js has to be there already. Every chart has a table of the same numbers. All text goes in as text, never as markup.
(function () {
  "use strict";

  const MOST_SERIES = 6;
  const CAUSES = {
    cancelled: "taken back by the editor",
    superseded: "you typed on before they were there",
    filtered: "nothing in the answer was fit to show",
    failed: "the provider or the network failed",
    "never shown": "answered, and nobody was shown it",
    rejected: "shown, and you took nothing",
    ignored: "shown, and nothing more is known",
  };

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // Amounts are whole numbers of 10^-9; up to nine million units they are exact here too.
  function money(nanos, currency) {
    const units = nanos / 1e9;
    const size = Math.abs(units);
    if (size > 0 && size < 0.0001) return "<" + money(1e5, currency);
    const digits = size === 0 || size >= 1 ? 2 : 4;
    const style = { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: digits };
    try {
      return new Intl.NumberFormat("en", style).format(units);
    } catch {
      return units.toFixed(digits) + " " + currency;
    }
  }

  const count = (number) => new Intl.NumberFormat("en").format(number);
  const percent = (part, whole) => (whole > 0 ? Math.round((100 * part) / whole) + "%" : "–");
  const named = (text, kind) => text || "no " + kind;

  function amountOf(figures, currency) {
    return figures.cost.find((amount) => amount.currency === currency);
  }
  function nanosOf(figures, currency) {
    const amount = amountOf(figures, currency);
    return amount ? amount.nanos : 0;
  }
  // What a cell says of a cost: ~ where a part is an estimate, "at least" where calls of unknown price are missing.
  function costWords(figures, currency) {
    const amount = amountOf(figures, currency);
    if (!amount) return figures.cost.length ? "–" : figures.unpriced > 0 ? "unknown" : money(0, currency);
    const about = amount.estimated ? "~" : "";
    return (figures.unpriced > 0 ? "at least " : "") + about + money(amount.nanos, currency);
  }
  function rateWords(rates, currency) {
    const rate = rates.find((each) => each.currency === currency);
    return rate ? money(rate.nanos, currency) : "–";
  }

  function table(caption, heads, rows, foot) {
    const cell = (text, column, tag) => {
      const isText = column < (heads.texts || 1);
      const attributes = isText ? { class: "text" } : {};
      if (tag === "th") attributes.scope = "col";
      return element(tag, attributes, String(text));
    };
    const line = (row) =>
      element("tr", {}, ...row.map((text, column) =>
        column === 0 ? element("th", { scope: "row" }, String(text)) : cell(text, column, "td")));
    const made = element("table", {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...heads.names.map((text, column) => cell(text, column, "th")))),
      element("tbody", {}, ...rows.map(line)));
    if (foot) made.append(element("tfoot", {}, line(foot)));
    // What can be scrolled can be reached by the keyboard, and says what it is.
    return element("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption }, made);
  }

  // Calls of many models: the dearest by name, the others together, so that colours stay apart.
  function topNames(totals) {
    const named = [...totals.entries()].filter(([, nanos]) => nanos !== 0).sort((a, b) => b[1] - a[1]);
    const names = named.map(([name]) => name);
    return names.length > MOST_SERIES + 1 ? [...names.slice(0, MOST_SERIES), "others"] : names;
  }

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const of = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    return {
      series: [1, 2, 3, 4, 5, 6, 7].map((n) => of("--s" + n, "#5b6570")),
      ink: of("--ink", "#1c1f23"), soft: of("--soft", "#565d66"), line: of("--line", "#d5d9de"), paper: of("--paper", "#fff"),
    };
  }

  const drawn = [];

  // `make(colours)` returns a configuration of Chart.js; it is made anew when light and dark change.
  function draw(holder, description, make) {
    const canvas = element("canvas", { role: "img", "aria-label": description });
    holder.append(canvas);
    drawn.push({ canvas, make, chart: new Chart(canvas, make(colours())) });
  }
  function redraw() {
    for (const each of drawn) {
      each.chart.destroy();
      each.chart = new Chart(each.canvas, each.make(colours()));
    }
  }

  function options(colour, more) {
    const axis = (extra) => Object.assign({
      ticks: { color: colour.soft, maxRotation: 0, autoSkipPadding: 12 },
      grid: { color: colour.line }, border: { color: colour.line },
    }, extra);
    return {
      animation: false, responsive: true, maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false, axis: more.horizontal ? "y" : "x" },
      indexAxis: more.horizontal ? "y" : "x",
      plugins: {
        legend: { display: more.legend !== false, position: "bottom", labels: { color: colour.ink, boxWidth: 12, boxHeight: 12 } },
        tooltip: { callbacks: { label: (item) => " " + item.dataset.label + ": " + more.words(item.raw) } },
      },
      scales: {
        [more.horizontal ? "x" : "y"]: axis({
          stacked: more.stacked, beginAtZero: true,
          ticks: { color: colour.soft, maxTicksLimit: 6, callback: (value) => more.words(value) },
        }),
        [more.horizontal ? "y" : "x"]: axis({ stacked: more.stacked, grid: { display: false } }),
      },
    };
  }

  const shorten = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

  function section(root, nav, title, caption) {
    const id = "s" + (nav.children.length + 1);
    nav.append(element("li", {}, element("a", { href: "#" + id }, title)));
    const heading = element("h2", { id, tabindex: "-1" }, title);
    const made = element("section", { "aria-labelledby": id }, heading, element("p", { class: "soft" }, caption));
    root.append(made);
    return made;
  }
  function chartIn(made) {
    const holder = element("div", { class: "chart" });
    made.append(holder);
    return holder;
  }
  function numbersIn(made, ...tables) {
    made.append(element("details", {}, element("summary", {}, "The numbers as a table"), ...tables));
  }

  function spending(root, nav, report, currency) {
    const days = [...new Set(report.days.map((group) => group.key[0]))];
    const totals = new Map();
    for (const { key, ...figures } of report.days) {
      totals.set(key[1], (totals.get(key[1]) || 0) + nanosOf(figures, currency));
    }
    const names = topNames(totals);
    const sums = new Map(names.map((name) => [name, days.map(() => 0)]));
    for (const { key, ...figures } of report.days) {
      const sum = sums.get(sums.has(key[1]) ? key[1] : "others");
      if (sum) sum[days.indexOf(key[0])] += nanosOf(figures, currency);
    }
    const made = section(root, nav, "Spending by day and model (" + currency + ")",
      "What calls cost on the local day on which they were made.");
    draw(chartIn(made), "Bars, one for each of " + days.length + " days, stacked by model. In all " +
      costWords(report.total, currency) + ". The numbers follow as a table.", (colour) => ({
      type: "bar",
      data: {
        labels: days,
        datasets: names.map((name, number) => ({
          label: shorten(name, 40), data: sums.get(name).map((nanos) => nanos / 1e9),
          backgroundColor: colour.series[number], borderColor: colour.paper, borderWidth: 1, maxBarThickness: 40,
        })),
      },
      options: options(colour, { stacked: true, words: (units) => money(Math.round(units * 1e9), currency) }),
    }));
    numbersIn(made, table("Spending by day and model, in " + currency, { names: ["Day", "Model", "Cost", "Calls"], texts: 2 },
      report.days.filter((group) => amountOf(group, currency)).map(({ key, ...figures }) =>
        [key[0], key[1], costWords(figures, currency), count(figures.calls)])));
  }

  // `report.caps`: {name, nanos, currency}, the caps that hold for all calls of a month.
  function burn(root, nav, report, currency) {
    const perDay = new Map();
    for (const { key, ...figures } of report.days) {
      perDay.set(key[0], (perDay.get(key[0]) || 0) + nanosOf(figures, currency));
    }
    const days = [...perDay.keys()].sort();
    let month = "", sum = 0;
    const sums = days.map((day) => {
      if (day.slice(0, 7) !== month) { month = day.slice(0, 7); sum = 0; }
      sum += perDay.get(day);
      return sum;
    });
    const caps = (report.caps || []).filter((cap) => cap.currency === currency);
    const made = section(root, nav, "Budget: the month so far (" + currency + ")",
      caps.length ? "What was spent since the first of the month, and the caps." :
        "What was spent since the first of the month. No cap for a month is set.");
    draw(chartIn(made), "A line of what was spent since the first of each month, at the end " +
      money(sums.at(-1) || 0, currency) + (caps.length ? "; caps: " + caps.map((cap) => cap.name + " " + money(cap.nanos, currency)).join(", ") : "") +
      ". The numbers follow as a table.", (colour) => ({
      type: "line",
      data: {
        labels: days,
        datasets: [
          { label: "spent", data: sums.map((nanos) => nanos / 1e9), borderColor: colour.series[0], backgroundColor: colour.series[0], stepped: true, pointRadius: 2 },
          ...caps.map((cap, number) => ({
            label: "cap: " + shorten(cap.name, 40), data: days.map(() => cap.nanos / 1e9), borderColor: colour.series[(number + 1) % 7],
            backgroundColor: colour.series[(number + 1) % 7], borderDash: [6, 4], pointRadius: 0,
          })),
        ],
      },
      options: options(colour, { words: (units) => money(Math.round(units * 1e9), currency) }),
    }));
    numbersIn(made, table("Spent since the first of the month, in " + currency, { names: ["Day", "That day", "Since the first"] },
      days.map((day, number) => [day, money(perDay.get(day), currency), money(sums[number], currency)])));
  }

  function waste(root, nav, report, currency) {
    const rows = report.wasted.filter((group) => nanosOf(group, currency) !== 0);
    const made = section(root, nav, "Wasted spending, by cause (" + currency + ")",
      "What was paid for and not used. Ghost text that is taken back early still costs what the model has read.");
    if (!rows.length) { made.append(element("p", {}, "Nothing was.")); return; }
    const causes = new Map(), models = new Map();
    for (const { key, ...figures } of rows) {
      causes.set(key[0], (causes.get(key[0]) || 0) + nanosOf(figures, currency));
      models.set(key[1], (models.get(key[1]) || 0) + nanosOf(figures, currency));
    }
    const labels = [...causes.entries()].sort((a, b) => b[1] - a[1]).map(([cause]) => cause);
    const names = topNames(models);
    const sums = new Map(names.map((name) => [name, labels.map(() => 0)]));
    for (const { key, ...figures } of rows) {
      const name = sums.has(key[1]) ? key[1] : "others";
      sums.get(name)[labels.indexOf(key[0])] += nanosOf(figures, currency);
    }
    draw(chartIn(made), "Bars, one for each cause, stacked by model: " +
      labels.map((cause) => cause + " " + money(causes.get(cause), currency)).join(", ") + ". The numbers follow as a table.", (colour) => ({
      type: "bar",
      data: {
        labels,
        datasets: names.map((name, number) => ({
          label: shorten(name, 40), data: sums.get(name).map((nanos) => nanos / 1e9),
          backgroundColor: colour.series[number], borderColor: colour.paper, borderWidth: 1, maxBarThickness: 32,
        })),
      },
      options: options(colour, { horizontal: true, stacked: true, words: (units) => money(Math.round(units * 1e9), currency) }),
    }));
    numbersIn(made, table("Wasted spending by cause, model and language, in " + currency,
      { names: ["Cause", "What it means", "Model", "Language", "Cost", "Calls"], texts: 4 },
      rows.map(({ key, ...figures }) => [key[0], CAUSES[key[0]] || "", key[1], named(key[2], "language"), costWords(figures, currency), count(figures.calls)])));
  }

  function byModel(report) {
    const sums = new Map();
    for (const group of report.models) sums.set(group.key[0], group);
    return [...sums.values()];
  }

  function acceptance(root, nav, report, currency) {
    const rows = byModel(report).filter((group) => group.shown > 0 && amountOf(group, currency));
    const made = section(root, nav, "Cost per accepted completion (" + currency + ")",
      "All that was spent on ghost text of which it is known what became, the wasted part included, for each suggestion that was accepted.");
    if (!rows.length) { made.append(element("p", {}, "No editor has told yet that it showed a suggestion.")); return; }
    const rated = rows.filter((group) => group.perAccepted.some((rate) => rate.currency === currency));
    if (rated.length) {
      draw(chartIn(made), "Bars, one for each model: " + rated.map((group) => group.key[0] + " " + rateWords(group.perAccepted, currency)).join(", ") +
        ". The numbers follow as a table.", (colour) => ({
        type: "bar",
        data: {
          labels: rated.map((group) => shorten(group.key[0], 28)),
          datasets: [{
            label: "per accepted completion", data: rated.map((group) => group.perAccepted.find((rate) => rate.currency === currency).nanos / 1e9),
            backgroundColor: colour.series[2], maxBarThickness: 32,
          }],
        },
        options: options(colour, { horizontal: true, legend: false, words: (units) => money(Math.round(units * 1e9), currency) }),
      }));
    }
    numbersIn(made, table("What suggestions came to, by model, in " + currency,
      { names: ["Model", "Shown", "Accepted", "Share", "Per accepted", "Per 1,000 characters kept"] },
      rows.map((group) => [group.key[0], count(group.shown), count(group.accepted), percent(group.accepted, group.shown),
        rateWords(group.perAccepted, currency), rateWords(group.perThousandRetained, currency)])));
  }

  function latency(root, nav, report) {
    const made = section(root, nav, "How long calls take",
      "To the first text, in milliseconds: the median, nine in ten, and 99 in a hundred calls are at least this fast.");
    const rows = report.latency;
    if (!rows.length) { made.append(element("p", {}, "No call brought text in this time.")); return; }
    const shown = [...rows].sort((a, b) => b.calls - a.calls).slice(0, 12);
    const words = (ms) => count(Math.round(ms)) + " ms";
    draw(chartIn(made), "Bars in groups of three, one group for each model: " +
      shown.map((row) => row.model + " median " + words(row.firstToken.p50)).join(", ") + ". The numbers follow as a table.", (colour) => ({
      type: "bar",
      data: {
        labels: shown.map((row) => shorten(row.model, 28)),
        datasets: [["p50", "median", 0], ["p90", "9 in 10", 4], ["p99", "99 in 100", 1]].map(([key, label, number]) => ({
          label, data: shown.map((row) => row.firstToken[key]), backgroundColor: colour.series[number], maxBarThickness: 18,
        })),
      },
      options: options(colour, { horizontal: true, words }),
    }));
    numbersIn(made, table("How long calls take, by model, in milliseconds",
      { names: ["Model", "Calls", "First text p50", "p90", "p99", "Whole p50", "p90", "p99"] },
      rows.map((row) => [row.model, count(row.calls), ...[row.firstToken, row.total].flatMap((of) => [of.p50, of.p90, of.p99].map(count))])));
  }

  function whatIf(root, nav, report) {
    const rows = report.whatIf || [];
    if (!rows.length) return;
    const made = section(root, nav, "What if", "What the same tokens would have cost otherwise. Another model counts and writes a little differently.");
    made.append(table("The same calls, otherwise", { names: ["Instead", "How it is found", "Cost"], texts: 2 },
      rows.map((row) => [row.name, row.how, row.cost ? "~" + money(row.cost.nanos, row.cost.currency) : "unknown"])));
  }

  function groups(root, nav, report, currencies) {
    const by = report.by.length ? report.by.join(", ") : "everything";
    const made = section(root, nav, "By " + by, "The groups that were asked for.");
    const columns = (figures) => [
      ...currencies.map((currency) => costWords(figures, currency)),
      ...currencies.map((currency) => money((amountOf(figures, currency) || { wasted: 0 }).wasted, currency)),
      count(figures.calls), count(figures.tokens.input + figures.tokens.cacheRead + figures.tokens.cacheWrite), count(figures.tokens.output), percent(figures.accepted, figures.shown),
    ];
    made.append(table("Usage by " + by, {
      names: [...(report.by.length ? report.by : ["group"]), ...currencies.map((c) => "Cost, " + c), ...currencies.map((c) => "Wasted, " + c),
        "Calls", "Tokens read", "Tokens written", "Accepted"],
      texts: Math.max(1, report.by.length),
    },
    report.groups.map(({ key, ...figures }) => [...(key.length ? key.map((text, n) => named(text, report.by[n])) : ["all"]), ...columns(figures)]),
    [...(report.by.length ? report.by.map((_, n) => (n === 0 ? "In all" : "")) : ["In all"]), ...columns(report.total)]));
  }

  function show(root, report) {
    drawn.length = 0;
    root.replaceChildren();
    const until = report.until || report.generated.slice(0, 10);
    const total = report.total;
    const used = total.cost.filter((amount) => amount.nanos !== 0).sort((a, b) => b.nanos - a.nanos).map((amount) => amount.currency);
    const currencies = used.length ? used : ["USD"];
    root.append(element("h1", {}, "Usage of byok-lsp"),
      element("p", { class: "soft" }, (report.since ? "From " + report.since : "From the beginning") + " to " + until + ", by local days. Made " +
        report.generated.slice(0, 16).replace("T", " ") + " UTC. Nothing on this page is loaded from anywhere or sent anywhere."));
    if (total.unpriced > 0) {
      root.append(element("p", {}, count(total.unpriced) + " calls have no known price: the sums are at least what they say."));
    }
    const card = (name, text) => element("div", {}, element("dt", {}, name), element("dd", {}, text));
    root.append(element("dl", { class: "cards" },
      ...currencies.map((currency) => card("Spent", costWords(total, currency))),
      ...currencies.map((currency) => card("Wasted", money((amountOf(total, currency) || { wasted: 0 }).wasted, currency))),
      card("Calls", count(total.calls)),
      card("Suggestions accepted", total.shown ? percent(total.accepted, total.shown) + " of " + count(total.shown) : "–"),
      ...currencies.map((currency) => card("Per accepted completion", rateWords(total.perAccepted, currency))),
      ...currencies.map((currency) => card("Per 1,000 characters kept", rateWords(total.perThousandRetained, currency)))));
    const nav = element("ul", {});
    root.append(element("nav", { "aria-label": "Parts of this page" }, nav));
    if (total.calls === 0) {
      root.append(element("p", {}, "No call to a model was made in this time."));
      return;
    }
    for (const currency of currencies) {
      spending(root, nav, report, currency);
      burn(root, nav, report, currency);
      waste(root, nav, report, currency);
      acceptance(root, nav, report, currency);
    }
    latency(root, nav, report);
    whatIf(root, nav, report);
    groups(root, nav, report, currencies);
  }

  window.byokReport = { show, redraw };

  const data = document.getElementById("data");
  if (data) {
    show(document.getElementById("report"), JSON.parse(data.textContent));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  }
})();
