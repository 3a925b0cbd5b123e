// Opens reports in Chromium, at the width of a telephone and of a desk, in light and in dark, and
// on paper, and demands what docs/REPORTS.md says of them.
//
//   node report.mjs TOOLS OUT REPORT...
//
// TOOLS holds node_modules, OUT gets a picture of each view. Exits with 1 if anything is amiss.

import { createRequire } from 'node:module';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [tools, out, ...reports] = process.argv.slice(2);
if (reports.length === 0) {
  console.error('usage: node report.mjs TOOLS OUT REPORT...');
  process.exit(2);
}
const require = createRequire(join(resolve(tools), 'package.json'));
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const SIZES = {
  small: { width: 320, height: 640 },
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 900 },
};
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const PICTURE_MAX = 12000;

let failures = 0;
let held = 0;
function expect(what, holds, detail = '') {
  held += 1;
  if (!holds) {
    failures += 1;
    console.error(`fails: ${what} ${detail}`);
  }
}

function browserPath() {
  const candidates = [process.env.TALLY_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  return candidates.find((path) => path && existsSync(path));
}

// What the page itself can be asked for; no script of the page is needed or there.
function shape() {
  const wide = document.documentElement.clientWidth;
  const boxes = (selector) => [...document.querySelectorAll(selector)].map((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return { text: element.textContent, left, right, top, bottom };
  });
  const words = boxes('svg text');
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom - 2 <= b.top || b.bottom - 2 <= a.top;
  const clashes = [];
  words.forEach((a, i) => words.slice(i + 1).forEach((b) => {
    if (!apart(a, b)) clashes.push(`${a.text} / ${b.text}`);
  }));
  const beyond = boxes('body *').filter((box) => box.right > wide + 1 || box.left < -1);
  return {
    overflow: document.documentElement.scrollWidth - wide,
    beyond: beyond.slice(0, 5).map((box) => box.text.slice(0, 80)),
    clashes,
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll('*')].filter((element) =>
      element.getAttributeNames().some((name) => name.startsWith('on') || name === 'style')).length,
    links: [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')),
    ids: [...document.querySelectorAll('[id]')].map((element) => element.id),
    findings: document.querySelectorAll('details.finding').length,
    headings: [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1])),
  };
}

async function violations(page, where) {
  await page.evaluate(axe.source);
  const result = await page.evaluate((tags) => axe.run(document, {
    runOnly: { type: 'tag', values: tags },
    resultTypes: ['violations'],
  }), RULES);
  for (const violation of result.violations) {
    const nodes = violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join('\n    ');
    expect(`${where}: axe ${violation.id}`, false, `${violation.help}\n    ${nodes}`);
  }
  expect(`${where}: axe`, result.violations.length === 0);
}

// Every finding is reached by the tabulator alone, and shows that it is.
async function keyboard(page, where, findings) {
  const reached = new Set();
  let unseen = 0;
  for (let step = 0; step < 20000; step += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      return {
        finding: element.matches('details.finding > summary')
          ? [...document.querySelectorAll('details.finding')].indexOf(element.parentElement) : -1,
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
      };
    });
    if (at === null) break;
    if (!at.outlined) unseen += 1;
    if (at.finding >= 0) reached.add(at.finding);
  }
  expect(`${where}: the keyboard reaches every finding`, reached.size === findings,
    `${reached.size} of ${findings}`);
  expect(`${where}: focus is visible`, unseen === 0, `${unseen} elements`);
}

async function picture(page, name, whole) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width: page.viewportSize().width, height: Math.min(height, PICTURE_MAX) };
  await page.screenshot({ path: join(out, `${name}.png`), fullPage: true, clip: whole ? undefined : clip });
}

async function view(browser, report, size, scheme) {
  const name = `${basename(report, '.html')}-${size}-${scheme}`;
  const context = await browser.newContext({
    viewport: SIZES[size], colorScheme: scheme, reducedMotion: 'reduce', offline: true,
  });
  const page = await context.newPage();
  const asked = [];
  const complaints = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => { complaints.push(dialog.message()); dialog.dismiss(); });
  const url = pathToFileURL(resolve(report)).href;
  await page.goto(url);
  const found = await page.evaluate(shape);
  expect(`${name}: asks for nothing but itself`, asked.length === 1 && asked[0] === url, asked.join(' '));
  expect(`${name}: has no script and no handler`, found.scripts + found.handlers === 0);
  expect(`${name}: fits the width`, found.overflow <= 0, `by ${found.overflow} pixels`);
  expect(`${name}: nothing stands beyond the edge`, found.beyond.length === 0, found.beyond.join(' | '));
  expect(`${name}: no words of the picture clash`, found.clashes.length === 0, found.clashes.slice(0, 5).join(' | '));
  const web = found.links.filter((href) => !href.startsWith('#'));
  expect(`${name}: links lead to the web`, web.every((href) => /^https?:\/\//.test(href)), web.join(' '));
  const inner = found.links.filter((href) => href.startsWith('#')).map((href) => href.slice(1));
  const broken = inner.filter((id) => !found.ids.includes(id));
  expect(`${name}: inner links lead somewhere`, broken.length === 0, broken.slice(0, 5).join(' '));
  expect(`${name}: no id stands twice`, new Set(found.ids).size === found.ids.length);
  const skips = found.headings.filter((level, i) => level > (found.headings[i - 1] ?? 0) + 1);
  expect(`${name}: headings in order`, skips.length === 0, found.headings.join(''));
  await violations(page, name);
  await picture(page, name);
  if (scheme === 'light' && size !== 'small') {
    await page.evaluate(() => window.scrollTo(0, 0));
    await keyboard(page, name, found.findings);
  }
  await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  const opened = await page.evaluate(shape);
  expect(`${name}, all open: fits the width`, opened.overflow <= 0, `by ${opened.overflow} pixels`);
  expect(`${name}, all open: nothing stands beyond the edge`, opened.beyond.length === 0, opened.beyond.join(' | '));
  await violations(page, `${name}, all open`);
  expect(`${name}: no complaint`, complaints.length === 0, complaints.slice(0, 3).join(' | '));
  await picture(page, `${name}-open`);
  await context.close();
}

async function paper(browser, report) {
  const name = `${basename(report, '.html')}-print`;
  const context = await browser.newContext({ viewport: { width: 794, height: 1123 }, colorScheme: 'dark', offline: true });
  const page = await context.newPage();
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const folded = await page.evaluate(() =>
    [...document.querySelectorAll('details > :not(summary)')].filter((e) => !e.checkVisibility({ contentVisibilityAuto: true })).length);
  expect(`${name}: nothing stays folded on paper`, folded === 0, `${folded} parts`);
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(`${name}: paper is white`, ground === 'rgb(255, 255, 255)', ground);
  await picture(page, name);
  await page.pdf({ path: join(out, `${name}.pdf`), format: 'A4', preferCSSPageSize: true });
  await context.close();
}

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: browserPath(),
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const report of reports) {
  for (const size of Object.keys(SIZES)) {
    for (const scheme of ['light', 'dark']) await view(browser, report, size, scheme);
  }
  await paper(browser, report);
}
await browser.close();
console.log(`${held - failures} passed, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
