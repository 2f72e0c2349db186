// Each page: no accessibility fault, nothing on the console, nothing shifts while it loads, no sideways scrolling at 320 pixels
// and at 200 % of a desktop, small enough, and valid HTML. Photographs of all of them when ANSHIN_SCREENSHOTS names a directory;
// otherwise each is looked at twice: Japanese, light, on a phone and English, dark, at a desktop.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {
  axe, checkHtml, done, facts, is, layoutShifts, like, mislabelled, misplaced, ok, shell, sideways, squeezed, unsteady,
  widths,
} from './lib/browser.mjs';
import { states } from './lib/states.mjs';

const photographs = process.env.ANSHIN_SCREENSHOTS;
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
  + "frame-ancestors 'none'; form-action 'self'";
const types = { '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };
const limit = 50 * 1024;
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'anshin-pages-'));

// --- drawing ---

const pages = new Map();
const drawn = new Set();

for (const language of ['ja', 'en']) {
  const texts = JSON.parse(fs.readFileSync(`${facts.htdocs}/lang/${language}.json`, 'utf8'));
  const all = Object.entries(states(language, texts));
  const jobs = all.flatMap(([name, [template, data]]) => {
    const file = path.join(directory, `${name}-${language}.json`);
    fs.writeFileSync(file, JSON.stringify(data));
    drawn.add(template);
    return [`templates/${template}`, file];
  });
  const drawings = execFileSync(facts.render, [facts.htdocs, language, ...jobs], { encoding: 'utf8',
    maxBuffer: limit * all.length }).split('\0');
  all.forEach(([name], i) => pages.set(`${name}-${language}`, drawings[i]));
}
const templates = fs.readdirSync(`${facts.htdocs}/templates`).filter((file) => file.endsWith('.mustache'))
  .map((file) => file.slice(0, -'.mustache'.length));
is(templates.filter((template) => !drawn.has(template)).join(' '), '',
  `every template has a state: ${drawn.size} of them`);

const weight = (html) => [...html.matchAll(/ (?:src|href)="[^"]*?([\w-]+\.(?:css|js))"/g)].reduce((sum,
  [, file]) => sum + fs.statSync(`${facts.htdocs}/static/${file}`).size, Buffer.byteLength(html));
const heavy = [...pages].filter(([, html]) => weight(html) > limit).map(([name, html]) => `${name} ${weight(html)}`);
is(heavy.join(' '), '', `no page is over ${limit} bytes with its style sheet and scripts`);

// --- serving ---

const server = http.createServer((request, response) => {
  const name = new URL(request.url, 'http://localhost').pathname;
  const file = name.startsWith('/anshin/static/') ? path.join(facts.htdocs, name.slice('/anshin'.length)) : undefined;
  const body = file ? fs.readFileSync(file) : pages.get(name.slice(1));
  response.setHeader('Content-Security-Policy', /class="session-end"/.test(body)
    ? policy.replace('base-uri', "connect-src 'self'; base-uri") : policy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (file) response.setHeader('Cache-Control', 'max-age=600');
  response.setHeader('Content-Type', file ? types[path.extname(file)] : 'text/html; charset=utf-8');
  response.statusCode = body === undefined ? 404 : 200;
  response.end(body);
});
await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
const origin = `http://127.0.0.1:${server.address().port}`;

// --- looking ---

async function look(page, name, width, messages) {
  const faults = [];
  await page.setViewportSize(widths[width]);
  await page.goto(`${origin}/${name}`, { waitUntil: 'load' });
  faults.push(...(await axe(page)).map((violation) => JSON.stringify(violation)), ...messages.splice(0));
  faults.push(...(await layoutShifts(page)), ...(await mislabelled(page)), ...(await misplaced(page)), ...(await squeezed(page)));
  for (const [narrow, height] of [[320, 640], [640, 450], [704, 450], [1024, 640], [1152, 640]]) {
    faults.push(...(await sideways(page, narrow, height)), ...(await unsteady(page)));
  }
  return faults;
}

// On paper the menu is gone, and the page has its room: A4, upright and on its side (U07).
async function onPaper(page, name) {
  const faults = [];
  await page.emulateMedia({ media: 'print' });
  for (const [wide, high] of [[794, 1123], [1123, 794]]) {
    await page.setViewportSize({ width: wide, height: high });
    await page.goto(`${origin}/${name}`, { waitUntil: 'load' });
    const main = await page.locator('main').evaluate((node) => node.getBoundingClientRect().width);
    if (main < wide * 0.9) faults.push(`${wide} px of paper: ${main} px for the page`);
    faults.push(...(await squeezed(page)));
    if (await page.locator('nav.menu').first().isVisible()) faults.push('a menu on paper');
  }
  await page.emulateMedia({ media: null });
  return faults;
}

// On paper a page with a secret tells whose it is and where its link leads (U37).
async function onPaperWhole(page, name) {
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 794, height: 1123 });
  await page.goto(`${origin}/${name}`, { waitUntil: 'load' });
  const faults = await page.evaluate(() => {
    const link = document.querySelector('main a[data-url]');
    const out = [];
    if (!getComputedStyle(link, '::after').content.includes(link.dataset.url)) out.push('a link without its address');
    if (!document.querySelector('main .facts time')?.checkVisibility()) out.push('no date');
    for (const node of document.querySelectorAll('main button, main .seen')) {
      if (node.checkVisibility()) out.push(`on paper: ${node.textContent}`);
    }
    return out;
  });
  await page.emulateMedia({ media: null });
  return faults;
}

// Where the system chooses the colours, what colours tell is still seen (U31).
async function forced(page, name) {
  await page.emulateMedia({ forcedColors: 'active' });
  await page.setViewportSize(widths.desktop);
  await page.goto(`${origin}/${name}`, { waitUntil: 'load' });
  const told = await page.evaluate(() => {
    const style = (selector, before) => {
      const node = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
      return node ? getComputedStyle(node, before) : null;
    };
    const sheet = getComputedStyle(document.body).backgroundColor;
    const faults = [];
    if (style('.menu a:not([aria-current])').borderLeftColor !== sheet) faults.push('every menu entry has a bar');
    if (style('.menu a[aria-current]').borderLeftColor === sheet) faults.push('the current menu entry has none');
    for (const mark of ['.good', '.bad']) {
      const shown = style(mark, '::before');
      if (shown && shown.backgroundColor === sheet) faults.push(`the mark ${mark} is not seen`);
    }
    const filled = style('main .button:not(.second, .plain)');
    if (filled && filled.backgroundColor === sheet) faults.push('a filled button looks like the others');
    return faults;
  });
  await page.emulateMedia({ forcedColors: null });
  return told;
}

// What is left of a code is counted down, and its end is told. The page's clock is ours.
async function running(context, language) {
  const { life } = JSON.parse(fs.readFileSync(`${facts.htdocs}/lang/${language}.json`, 'utf8'));
  const page = await context.newPage();
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1000); // from here on it goes as told, however busy the machine
  await page.goto(`${origin}/login-code-sent-${language}`, { waitUntil: 'load' });
  const left = page.locator('.life .left');
  await page.clock.runFor(60000);
  is(await left.textContent(), '3:59', `what is left of a code (${language}) is counted down`);
  await page.clock.runFor(239000);
  is(await left.textContent(), life.over, 'and its end is told');
  is(await left.getAttribute('role'), 'status', 'to who only hears it as well');
  await page.close();
}

// The end of a login is told before it comes, over the page, which stays where it is; here nobody answers that it was put off.
async function ending(context, language) {
  const words = JSON.parse(fs.readFileSync(`${facts.htdocs}/lang/${language}.json`, 'utf8')).session_end;
  const page = await context.newPage();
  const box = page.locator('.session-end.on');
  const place = () => page.locator('main').evaluate((node) => JSON.stringify(node.getBoundingClientRect()));
  // Script and answer come when they can, whatever the page's clock says.
  const later = async (selector) => {
    for (let i = 0; i < 50 && !(await page.locator(selector).count()); i += 1) {
      await page.clock.runFor(200);
      await new Promise((ready) => { setTimeout(ready, 50); });
    }
  };
  const told = () => page.locator('.session-end [role="status"]').textContent();
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1000);
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${origin}/account-${language}`, { waitUntil: 'load' });
  const before = await place();
  await page.clock.runFor(1678000);
  is(`${await box.count()} ${await told()}`, '0 ', `the end of a login (${language}): nothing of it until two minutes before`);
  await later('.session-end.on');
  is(await told(), words.idle, 'then it is told, to who hears the page as well');
  is(await place(), before, 'and nothing moves');
  await page.clock.runFor(59000);
  like(await page.locator('.session-end .rest').textContent(), new RegExp(`^${words.rest} (?:1:0|0:5)\\d$`), 'what is left is counted down');
  is(await page.locator('.session-end .button:visible').allTextContents().then((all) => all.join()), words.go_on, 'with a button that puts it off');
  ok(await box.evaluate((node) => node.getBoundingClientRect().height) < 320, 'it leaves half of a small screen to the page');
  await page.clock.runFor(60000);
  await later('.session-end a:visible');
  is(await told(), words.over, 'when it is over, that is told');
  is(await page.locator('.session-end .button:visible').allTextContents().then((all) => all.join()), words.login, 'with the way to the login');
  await page.goto(`${origin}/account-final-${language}`, { waitUntil: 'load' });
  await page.clock.runFor(119000);
  await later('.session-end.on');
  is(`${await told()} ${await page.locator('.session-end .button:visible').count()}`, `${words.last} 0`, 'where it cannot be put off, no button says so');
  await page.clock.resume(); // axe waits by the page's clock
  const faults = [...(await axe(page)).map((violation) => JSON.stringify(violation)), ...(await sideways(page, 320, 640))];
  await page.emulateMedia({ forcedColors: 'active' });
  faults.push(...(await box.evaluate((node) => (getComputedStyle(node).borderTopColor === getComputedStyle(node).backgroundColor
    ? ['no line above it in forced colours'] : []))));
  await page.emulateMedia({ media: 'print', forcedColors: null });
  if (await box.isVisible()) faults.push('seen on paper');
  await page.emulateMedia({ media: null });
  is(faults.join('\n'), '', 'and nothing to complain about');
  await page.close();
}

// While a password is typed, the page says what the server would (U27), in room that is kept for it.
async function typing(page, language) {
  const texts = JSON.parse(fs.readFileSync(`${facts.htdocs}/lang/${language}.json`, 'utf8')).typing;
  const [password, confirm] = ['#password', '#password_confirm'].map((id) => page.locator(id));
  const lines = () => page.locator('.typing').allTextContents();
  const met = () => page.locator('.rules .met').count();
  await page.setViewportSize(widths.phone);
  await page.goto(`${origin}/register-credentials-${language}`, { waitUntil: 'load' });
  const place = () => confirm.evaluate((node) => node.getBoundingClientRect().top + window.scrollY);
  const before = await place();
  await password.fill('abcdefg');
  is(await met(), 0, `typing (${language}): a password that is too short keeps no rule yet`);
  await password.fill('abcdefg8');
  is(await met(), 1, 'and one that is long enough ticks it');
  await confirm.fill('abc');
  is((await lines())[1], '', 'the beginning of the same password is no complaint');
  await confirm.fill('abx');
  is((await lines())[1], texts.differs, 'another one is');
  await confirm.fill('abcdefg8');
  is((await lines())[1], texts.same, 'and the same is told, too');
  await password.fill('abcdefg9');
  is((await lines())[1], texts.differs, 'until the first one is changed');
  await password.fill('\uff41bcdefg8');
  is((await lines())[0], texts.wide, 'full-width characters are told of');
  for (const blank of [' abcdefg8', 'abcdefg8\t']) {
    await password.fill(blank);
    is((await lines())[0], texts.blank, 'so is a blank that came with what was pasted');
  }
  await password.fill('');
  await password.evaluate((node) => node.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', modifierCapsLock: true })));
  is((await lines())[0], texts.caps, 'so is Caps Lock');
  is(await place(), before, 'and nothing moves meanwhile');
}

async function photograph(page, name, width, dark) {
  if (!photographs) return;
  fs.mkdirSync(photographs, { recursive: true });
  await page.setViewportSize(widths[width]);
  await page.screenshot({ path: path.join(photographs, `page-${name}-${width}${dark ? '-dark' : ''}.png`),
    fullPage: true });
}

const ways = photographs
  ? ['ja', 'en'].flatMap((language) => Object.keys(widths).flatMap((width) => [false, true].map((dark) => ({ language,
    width, dark }))))
  : [{ language: 'ja', width: 'phone', dark: false }, { language: 'en', width: 'desktop', dark: true }];

async function walk({ language, width, dark }) {
  const context = await (await shell()).newContext({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
  const page = await context.newPage();
  const messages = [];
  page.on('console', (message) => { if (message.type() === 'error') messages.push(message.text()); });
  page.on('pageerror', (error) => messages.push(String(error)));
  for (const name of [...pages.keys()].filter((key) => key.endsWith(`-${language}`))) {
    const faults = await look(page, name, width, messages);
    ok(faults.length === 0, `${name}, ${width}${dark ? ', dark' : ''}: nothing to complain about`, faults.join('\n'));
    await photograph(page, name, width, dark);
  }
  await typing(page, language);
  await running(context, language);
  await ending(context, language);
  if (width === 'desktop') {
    const faults = await onPaperWhole(page, `register-done-${language}`);
    ok(faults.length === 0, `register-done-${language}, printed: nothing to complain about`, faults.join('\n'));
    for (const name of [`history-${language}`, `account-${language}`]) {
      for (const [what, seen] of [['on paper', onPaper], ['in forced colours', forced]]) {
        const faults = await seen(page, name);
        ok(faults.length === 0, `${name} ${what}: nothing to complain about`, faults.join('\n'));
      }
    }
  }
  await context.close();
}

await Promise.all([checkHtml(pages), ...ways.map(walk)]);
server.close();
fs.rmSync(directory, { recursive: true });
done();
