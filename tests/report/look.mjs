// Looks at reports in a real browser: node look.mjs BROWSER FOLDER PAGE...
// Each page is opened at 1280 and 390 pixels, light and dark: no error, nothing loaded, nothing that spills over the side, no serious complaint of
// axe, everything reachable by keyboard, ready after less than two seconds of work. Screenshots go to FOLDER. Ends with "N passed, M failed".
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [browserPath, folder, ...pages] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const READY_MS = 2000;
let passed = 0, failed = 0;

function check(name, isGood, details) {
  if (isGood) {
    passed += 1;
  } else {
    failed += 1;
    console.log(`FAILED: ${name}: ${details}`);
  }
}

async function look(context, path, width, scheme) {
  const name = `${basename(path, ".html")} at ${width}, ${scheme}`;
  const page = await context.newPage();
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme });
  const complaints = [], requests = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  page.on("dialog", (dialog) => { complaints.push("a dialog: " + dialog.message()); dialog.dismiss(); });
  const address = pathToFileURL(resolve(path)).href;
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(address);
  // The time until the browser has drawn two frames with all charts in it.
  const ready = await page.evaluate(() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))));
  // What the page itself takes of a processor: other programs may hold up the clock on the wall, but not this one.
  const { metrics } = await session.send("Performance.getMetrics");
  const work = Math.round(1000 * metrics.find((metric) => metric.name === "TaskDuration").value);
  console.log(`${name}: ready after ${work} ms of work, ${Math.round(ready)} ms by the clock`);
  check(`${name}: ready after less than two seconds of work`, work < READY_MS, `${work} ms`);
  const charts = await page.$$eval("canvas", (all) => all.length);
  check(`${name}: charts are drawn`, charts >= 5, `${charts} charts`);
  const blank = await page.$$eval("canvas", (all) => all.filter((canvas) =>
    !canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0)).length);
  check(`${name}: no chart is blank`, blank === 0, `${blank} are`);
  check(`${name}: nothing is loaded`, requests.every((url) => url === address), requests.join(" "));
  check(`${name}: no name became code`, await page.evaluate(() => window.broken === undefined), "it ran");
  const spill = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`${name}: nothing spills over the side`, spill <= 0, `${spill} pixels`);
  await page.screenshot({ path: join(folder, `${basename(path, ".html")}-${width}-${scheme}.png`), fullPage: true });

  // By keyboard alone: from the top to the first table, which opens with Enter.
  const summaries = await page.$$eval("summary", (all) => all.length);
  let reached = 0;
  for (let key = 0; key < 80 && reached < summaries; key += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.tagName === "SUMMARY" && !document.activeElement.parentElement.open)) {
      await page.keyboard.press("Enter");
      reached += 1;
    }
  }
  const open = await page.$$eval("details[open] table", (all) => all.length);
  check(`${name}: every table opens by keyboard`, reached === summaries && open >= summaries, `${reached} of ${summaries}, ${open} tables`);
  const unlike = await page.$$eval("canvas", (all) => all.filter((canvas) =>
    !canvas.getAttribute("aria-label") || !canvas.closest("section").querySelector("table")).length);
  check(`${name}: every chart has words and a table`, unlike === 0, `${unlike} have not`);

  // The page's policy forbids scripts of others, so axe comes from outside the page.
  await session.send("Runtime.evaluate", { expression: axe });
  const { result } = await session.send("Runtime.evaluate", {
    expression: "axe.run(document).then((told) => JSON.stringify(told.violations.map(({id, impact, nodes}) => ({id, impact, where: nodes.slice(0, 3).map((node) => node.target.join(' ')) }))))",
    awaitPromise: true,
    returnByValue: true,
  });
  const violations = JSON.parse(result.value);
  for (const each of violations) console.log(`${name}: axe says ${JSON.stringify(each)}`);
  const serious = violations.filter((each) => ["serious", "critical"].includes(each.impact));
  check(`${name}: axe finds nothing serious`, serious.length === 0, JSON.stringify(serious));
  check(`${name}: no complaint on the console`, complaints.length === 0, complaints.join(" | "));
  await page.close();
}

const profile = mkdtempSync(join(tmpdir(), "byok-report-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: browserPath,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
// A busy machine is slow, and that is no fault of the page.
context.setDefaultTimeout(180_000);
try {
  for (const path of pages) {
    for (const width of [1280, 390]) {
      for (const scheme of ["light", "dark"]) await look(context, path, width, scheme);
    }
  }
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
