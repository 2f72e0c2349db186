// A person's browser for the walks; TAP; axe-core; the Nu HTML checker; screenshots at phone and desktop width.
//
//   import { facts, ok, is, done, Person, htanshin, checkHtml } from './lib/browser.mjs';
//   const person = await Person.create({ certificate: file, password: 'x', language: 'ja', width: 'phone' });
//   await person.open('/members/');
//   await person.send({ user: 'u', password: 'p' });    fill and send the page's form; press(): a button or link
//   await person.look('login');            axe, Nu checker's turn at the end, screenshot when wanted
//   await person.close();
//   await checkHtml();                     all pages looked at, in one run of the checker
//   done();
//
// facts comes from the Perl side (t/lib/Anshin/Browser.pm), which owns the server.
//
// Browsers: most people share one headless shell, which is Chromium's engine without the browser for a desktop around it,
// and costs half. It has no certificates of its own: Playwright presents them. Whoever is native has a whole Chromium with
// a HOME of its own, so with an NSS database, and a policy that selects its certificate, as people do it by hand. Only
// root can write policies: for another user nobody is native; person.native tells.
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const root = process.getuid() === 0;
const policies = '/etc/chromium/policies/managed';

export const facts = JSON.parse(process.env.ANSHIN_FACTS ?? '{}');
export const widths = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

// Milliseconds that a step may take. Who waits for what will come loses nothing by patience.
export const patience = 90000;

export const chromiumSettings = {
  timeout: patience,
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--force-color-profile=srgb',
    '--js-flags=--no-opt --no-maglev', // no script here runs long enough to win back what optimizing it costs
    ...(root ? ['--no-sandbox'] : []),
  ],
};
const shellPath = process.env.CHROMIUM_SHELL ?? '/usr/bin/chromium-headless-shell';
export const shellSettings = { ...chromiumSettings, executablePath: shellPath };

// --- TAP ---

let count = 0;
let failed = 0;

export function diag(text) {
  for (const line of String(text).split('\n')) console.error(`# ${line}`);
}

export function ok(condition, text, details) {
  count += 1;
  if (process.env.ANSHIN_TIMES) console.error(process.uptime().toFixed(1), text);
  console.log(`${condition ? 'ok' : 'not ok'} ${count} - ${text.replaceAll('#', ' ')}`);
  if (!condition) {
    failed += 1;
    console.error(`#   Failed test '${text}'`);    // prove shows what stands on standard output only when asked
    if (details !== undefined) diag(typeof details === 'string' ? details : JSON.stringify(details, null, 2));
  }
  return Boolean(condition);
}

export function is(got, want, text) {
  return ok(got === want, text, `got ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
}

export function like(got, pattern, text) {
  return ok(pattern.test(String(got)), text, `${pattern} does not match: ${String(got).slice(0, 2000)}`);
}

export function done() {
  console.log(`1..${count}`);
  process.exitCode = failed || !count ? 1 : 0;
  shared?.then((browser) => browser.close());
}

// A walk that breaks off has failed, with the reason.
for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.on(event, (error) => {
    ok(false, 'the walk goes through to its end', error?.stack ?? String(error));
    done();
    process.exit(1);
  });
}

// --- commands ---

export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (result.error) throw result.error;
  return { status: result.status, out: result.stdout, err: result.stderr };
}

function must(command, args, options) {
  const result = run(command, args, options);
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.err}${result.out}`);
  return result.out;
}

export function htanshin(...args) {
  return run(facts.htanshin, ['-d', facts.state, ...args]);
}

// --- one person ---

let people = 0;
const leftovers = new Set();

process.on('exit', () => {
  for (const place of leftovers) fs.rmSync(place, { recursive: true, force: true });
});

function newFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anshin-person-'));
  leftovers.add(folder);
  return folder;
}

// A HOME with an NSS database that knows the server's CA.
export function newHome() {
  const home = newFolder();
  const directory = path.join(home, '.pki', 'nssdb');
  fs.mkdirSync(directory, { recursive: true });
  const database = `sql:${directory}`;
  must('certutil', ['-d', database, '-N', '--empty-password']);
  must('certutil', ['-d', database, '-A', '-t', 'C,,', '-n', 'server CA', '-i', facts.serverCA]);
  return { home, database };
}

// What a person does with the downloaded file.
export function importInto({ home, database }, file, password) {
  const secret = path.join(home, 'p12.password');
  fs.writeFileSync(secret, password, { mode: 0o600 });
  must('pk12util', ['-d', database, '-i', file, '-w', secret, '-K', '']);
}

let shared;

// The one headless shell, which knows the server's CA; done() closes it.
export function shell() {
  const home = () => (facts.serverCA ? newHome().home : process.env.HOME);
  shared ??= chromium.launch({ ...shellSettings, env: { ...process.env, HOME: home() } });
  return shared;
}

export class Person {
  // certificate: PKCS#12 file, password: its password. width: phone or desktop. script: false switches JavaScript off.
  // userAgent: what the browser says it is, where it is to be another.
  static async create({
    certificate,
    password = '',
    language = 'ja',
    width = 'desktop',
    script = true,
    native = false,
    site = facts.url,
    userAgent,
  } = {}) {
    const person = new Person();
    people += 1;
    Object.assign(person, { language, width, script, site, userAgent, home: newFolder() });
    if (native) person.becomeNative();
    if (certificate) person.importCertificate(certificate, password);
    await person.start();
    return person;
  }

  // Somebody else at the same browser: the same certificates, cookies and choices of their own. Closes with the first.
  async another(choices = {}) {
    const person = Object.assign(new Person(), this, choices, { context: undefined, guest: true });
    await person.newContext();
    return person;
  }

  // The same person in a further tab: cookies and all are shared. What the tab reports is not listened to.
  async tab() {
    return Object.assign(new Person(), this, { page: await this.context.newPage(), guest: true });
  }

  // Takes effect with the next start().
  importCertificate(file, password) {
    this.certificate = { file, password };
    if (this.native) importInto(this, file, password);
  }

  // From the next start() on: a whole Chromium, if we can.
  becomeNative() {
    if (!root) return;
    Object.assign(this, newHome(), { native: true });
    fs.mkdirSync(policies, { recursive: true });
    this.policy = path.join(policies, `anshin-${process.pid}-${people}.json`);
    leftovers.add(this.policy);
    // The same for every walk: of several files with this policy Chromium takes one. Two hosts want one name each.
    const selections = [
      { pattern: 'https://[*.]localhost:*', filter: {} },
      { pattern: 'https://named.localhost:*', filter: { SUBJECT: { CN: 'named-1 new' } } },
      { pattern: 'https://others.localhost:*', filter: { SUBJECT: { CN: 'named-1 old' } } },
    ];
    const policy = { AutoSelectCertificateForUrls: selections.map((selection) => JSON.stringify(selection)) };
    fs.writeFileSync(this.policy, JSON.stringify(policy));
  }

  // Start the browser; again, it is a fresh one with the same certificates and no cookies.
  async start() {
    await this.context?.close();
    this.context = undefined;
    await this.own?.close();
    if (this.native) this.own = await chromium.launch({ ...chromiumSettings, env: { ...process.env, HOME: this.home } });
    await this.newContext();
  }

  async newContext() {
    if (this.context) await this.context.close();
    const settings = {
      locale: this.language === 'ja' ? 'ja-JP' : 'en-GB',
      viewport: widths[this.width],
      javaScriptEnabled: this.script,
      acceptDownloads: true,
      userAgent: this.userAgent,
    };
    if (!this.native && this.certificate && this.site === facts.url) {
      // Playwright's own TLS does not look into the NSS database. (Nor does it find hosts below localhost.)
      const { file, password } = this.certificate;
      settings.ignoreHTTPSErrors = true;
      settings.clientCertificates = [{ origin: this.site, pfxPath: file, passphrase: password }];
    }
    this.context = await (this.own ?? (await shell())).newContext(settings);
    this.context.setDefaultTimeout(patience);
    this.page = await this.context.newPage();
    this.messages = [];
    this.page.on('console', (message) => {
      if (message.type() !== 'error') return;
      // That a page came with 403 or the like is for the walk to judge; the site's icon is not the page's.
      const { url } = message.location();
      const status = message.text().startsWith('Failed to load resource: the server responded with a status of');
      if (status && (url === this.page.url() || url.endsWith('/favicon.ico'))) return;
      this.messages.push(`${message.text()} ${url}`);
    });
    this.page.on('response', (response) => {
      if (!response.request().isNavigationRequest() || response.frame() !== this.page.mainFrame()) return;
      if (!/^text\/html/.test(response.headers()['content-type'] ?? '')) return; // a file that comes on a page
      if (response.status() < 300 || response.status() >= 400) this.sent = response.text().catch(() => undefined);
    });
    this.page.on('pageerror', (error) => this.messages.push(String(error)));
    return this.page;
  }

  // Do what leads to another page (or to the same anew), and wait until it is there.
  async goes(act) {
    const there = this.page.waitForEvent('framenavigated', (frame) => frame === this.page.mainFrame());
    await Promise.all([there, act()]);
    await this.page.waitForURL((url) => url.pathname !== '/anshin/login/on'); // which leads on by itself (B02)
    await this.page.waitForLoadState('load');
  }

  // Press a button or follow a link of the page by its text.
  async press(text, role = 'button') {
    await this.goes(() =>
      this.page.locator('body').getByRole(role, { name: text, exact: true }).filter({ visible: true }).first().click(),
    );
  }

  // Fill fields by their ids: text fields, choices of a list, radio buttons (true).
  async fill(fields) {
    for (const [id, value] of Object.entries(fields)) {
      const field = this.page.locator(`[id="${id}"]`);
      if (value === true) await field.check();
      else if (await field.evaluate((node) => node.tagName === 'SELECT')) await field.selectOption(value);
      else await field.fill(value);
    }
  }

  // Fill the page's form and send it with its own button.
  async send(fields = {}, button = 'main form .buttons button[type=submit]') {
    await this.fill(fields);
    await this.goes(() => this.page.locator(button).first().click());
  }

  async open(where) {
    return this.page.goto(where.startsWith('/') ? this.site + where : where);
  }

  heading() {
    return this.page.locator('h1').first().innerText();
  }

  path() {
    return new URL(this.page.url()).pathname;
  }

  text(selector = 'main') {
    return this.page.locator(selector).first().innerText();
  }

  has(selector) {
    return this.page
      .locator(selector)
      .count()
      .then((count) => count > 0);
  }

  // Save the file that a click downloads; its place.
  async download(click) {
    const [download] = await Promise.all([this.page.waitForEvent('download'), click()]);
    const file = path.join(this.home, download.suggestedFilename());
    await download.saveAs(file);
    return file;
  }

  // Look at the page as it is: no accessibility fault, nothing on the console, nothing that moves, no sideways
  // scrolling; kept for checkHtml(); photographed at both widths when ANSHIN_SCREENSHOTS names a directory. What pages.t sees
  // of each page in all its states is not seen again: axe looks in Japanese, whose pages differ in nothing but words, and
  // of the widths there are the narrowest and the one at which the panel has the least room.
  async look(name) {
    const where = `${name} (${this.language}, ${this.width})`;
    const faults = this.language === 'ja' ? (await axe(this.page)).map((violation) => JSON.stringify(violation)) : [];
    faults.push(...this.messages.splice(0));
    faults.push(...(await layoutShifts(this.page)), ...(await mislabelled(this.page)), ...(await squeezed(this.page)));
    for (const narrow of [320, 1030]) faults.push(...(await sideways(this.page, narrow, 640)));
    await this.page.setViewportSize(widths[this.width]);
    const html = await this.sent;
    if (!html) faults.push('the page as the server sent it is not known');
    collected.set(where, html ?? '');
    ok(faults.length === 0, `${where}: nothing to complain about`, faults.join('\n'));
    await this.photograph(name);
  }

  // What a scanner reads from the page's QR code, in a light scheme and in a dark one.
  async scan() {
    const read = [];
    for (const colorScheme of ['light', 'dark']) {
      await this.page.emulateMedia({ colorScheme });
      const picture = await this.page.locator('.qr-frame').screenshot();
      read.push(run('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', '-'], { input: picture }).out.trim());
    }
    await this.page.emulateMedia({ colorScheme: null });
    return read.join('\n');
  }

  async photograph(name) {
    const directory = process.env.ANSHIN_SCREENSHOTS;
    if (!directory) return;
    fs.mkdirSync(directory, { recursive: true });
    for (const [width, size] of Object.entries(widths)) {
      await this.page.setViewportSize(size);
      await this.page.screenshot({
        path: path.join(directory, `${name}-${this.language}-${width}.png`),
        fullPage: true,
      });
    }
    await this.page.setViewportSize(widths[this.width]);
  }

  async close() {
    await this.context.close();
    if (this.guest) return;
    await this.own?.close();
    if (this.policy) fs.rmSync(this.policy, { force: true });
    fs.rmSync(this.home, { recursive: true, force: true });
  }
}

// --- checks of a page ---

// What has moved since the page began to load, in words. A score of a thousandth is a line that moves by less than a pixel.
export function layoutShifts(page) {
  return page.evaluate(async () => {
    const entries = [];
    const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
    observer.observe({ type: 'layout-shift', buffered: true });
    for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame); // what is laid out is shown
    return [...entries, ...observer.takeRecords()]
      .filter(({ value }) => value > 0.001)
      .map(({ value, sources }) => {
        const nodes = sources.map(({ node, previousRect, currentRect }) => {
          const way = `from ${JSON.stringify(previousRect)} to ${JSON.stringify(currentRect)}`;
          return `${node?.outerHTML?.slice(0, 80) ?? node?.nodeName} ${way}`;
        });
        return `the layout shifts by ${value}: ${nodes.join(', ')}`;
      });
  });
}

// Entries of the summary above a form that do not name the field to which they lead, by its label (U16).
export function mislabelled(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('#summary a')].flatMap((link) => {
      const field = document.querySelector(link.hash);
      const label = field?.labels?.[0] ?? field?.closest('fieldset')?.querySelector('legend');
      return label && link.textContent.toLowerCase().includes(label.firstChild.textContent.trim().toLowerCase())
        ? []
        : [`not the field's label: ${link.textContent}`];
    }),
  );
}

// How far the page can be scrolled sideways in a window of this size, in words, and what has no room in it. It keeps the size.
export async function sideways(page, width, height) {
  await page.setViewportSize({ width, height });
  return squeezed(page);
}

// Lines in which a script counts down (anshin.js) and whose height changes with what is left, in words.
export function unsteady(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('[data-left]')].flatMap((line) => {
      const left = line.querySelector('.left');
      const before = line.clientHeight;
      const text = left.textContent;
      left.textContent = '9:59';
      const after = line.clientHeight;
      left.textContent = text;
      return before === after ? [] : [`${before} px become ${after} at ${innerWidth}: ${line.textContent}`];
    }),
  );
}

// What can be scrolled sideways, what sticks out of the page's panel, and cells of a table in which a word has no room, in words.
export function squeezed(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const main = document.querySelector('main');
    const edge = main ? main.getBoundingClientRect().right : Infinity;
    const short = (node) => node.outerHTML.replace(/\s+/g, ' ').slice(0, 80);
    const seen = (node) => node.checkVisibility() && !node.closest('.hidden-text');
    const out = [...document.querySelectorAll('main *')].filter(
      (node) => node.getBoundingClientRect().right > edge + 0.5 && seen(node),
    );
    const narrow = [...document.querySelectorAll('main td, main th')].filter(
      (cell) => cell.clientWidth > 1 && cell.clientWidth < 64 && seen(cell) && /\S{8}/.test(cell.innerText),
    );
    return [
      ...(scrollWidth > clientWidth ? [`${scrollWidth - clientWidth} px too wide at ${clientWidth}`] : []),
      ...out.slice(0, 3).map((node) => `sticks out of the panel at ${clientWidth}: ${short(node)}`),
      ...narrow.slice(0, 3).map((cell) => `${cell.clientWidth} px wide at ${clientWidth}: ${short(cell)}`),
    ];
  });
}

// For the report of make accessibility-report: what was looked at, a line of JSON each.
function note(seen) {
  const file = process.env.ANSHIN_ACCESSIBILITY;
  if (file) fs.appendFileSync(file, `${JSON.stringify({ ...seen, criteria: [...new Set(seen.criteria)] })}\n`);
}

// A way out that stands close to what goes on, or beyond it on a wide screen; the menu of a narrow one above the title; a
// field that is wider than what belongs into it: in words (U30, U36).
export function misplaced(page) {
  return page.evaluate(() => {
    const box = (node) => node.getBoundingClientRect();
    const seen = (selector, within = document) => [...within.querySelectorAll(selector)].filter((node) => node.checkVisibility());
    const out = [];
    for (const way of seen('.buttons > .plain')) {
      const others = seen(':scope > .button:not(.plain)', way.parentNode);
      const [a, wide] = [box(way), window.innerWidth >= 704];
      for (const other of others) {
        const b = box(other);
        const gap = Math.max(a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom);
        if (gap < 24) out.push(`${gap} px between ${way.textContent} and ${other.textContent}`);
        if (wide && a.left > b.left) out.push(`${way.textContent} stands beyond ${other.textContent}`);
      }
      const forward = others.find((node) => node.matches('[type="submit"]'));
      if (wide && forward && others.some((node) => box(node).right > box(forward).right)) out.push('going on is not at the right');
    }
    const [title] = seen('main h1');
    for (const fold of seen('.menu-fold')) if (box(fold).top < box(title).bottom) out.push('the menu is above the title');
    for (const field of seen('input.mono, input[autocomplete="username"]:not([readonly]), .with-button')) {
      if (box(field).width > 420) out.push(`${box(field).width} px for ${field.outerHTML.slice(0, 80)}`);
    }
    return out;
  });
}

const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const prepared = new WeakSet();

// Violations found by axe-core, short. Injected by evaluation: a strict CSP blocks script tags. It is half a megabyte:
// further pages of the browser have it from the start.
export async function axe(page) {
  if (!prepared.has(page.context())) {
    prepared.add(page.context());
    await page.context().addInitScript({ content: axeSource });
  }
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource);
  const { passes, violations, seen } = await page.evaluate(async (values) => {
    const result = await window.axe.run(document, {
      runOnly: { type: 'tag', values },
      resultTypes: ['violations'], // of the others only their number is wanted
    });
    return {
      passes: result.passes.length,
      seen: {
        title: document.title,
        language: document.documentElement.lang,
        path: window.location.pathname,
        media: document.querySelectorAll('audio, video, object, embed').length,
        criteria: [...result.passes, ...result.violations].flatMap(({ tags }) => tags).filter((tag) => /^wcag\d{3}/.test(tag)),
        faults: result.violations.flatMap(({ tags }) => tags).filter((tag) => /^wcag\d{3}/.test(tag)),
      },
      violations: result.violations.map((violation) => ({
        rule: violation.id,
        help: violation.help,
        nodes: violation.nodes.map((node) => node.html.slice(0, 200)),
      })),
    };
  }, tags);
  note(seen);
  if (passes < 5) throw new Error(`axe looked at ${passes} rules only`);
  return violations;
}

const collected = new Map();

// Run the Nu HTML checker over everything that look() has seen, or over the given texts by name.
export async function checkHtml(pages = collected) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'anshin-html-'));
  const files = new Map();
  for (const [name, html] of pages) {
    const file = path.join(directory, `${files.size}.html`);
    fs.writeFileSync(file, html);
    files.set(file, name);
  }
  const findings = files.size ? await nu([...files.keys()]) : [];
  const left = new Map([...files].map(([file, name]) => [name, []]));
  for (const finding of findings) {
    const name = files.get(new URL(finding.url).pathname);
    left.get(name).push(`${finding.type} line ${finding.lastLine}: ${finding.message}`);
  }
  for (const [name, faults] of left) is(faults.join('\n'), '', `${name}: the Nu HTML checker finds nothing`);
  ok(files.size > 0, `pages given to the Nu HTML checker: ${files.size}`);
  fs.rmSync(directory, { recursive: true });
}

// It runs for seconds: it compiles simply, which needs more of the stack, and does not collect garbage in parallel.
const quickJava = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xss8m'];

function nu(files) {
  const jar = require.resolve('vnu-jar/build/dist/vnu.jar');
  return new Promise((resolve, reject) => {
    execFile(
      'java',
      [...quickJava, '-jar', jar, '--format', 'json', '--exit-zero-always', ...files],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, out, err) => {
        if (error) reject(new Error(`${error.message}\n${err}`));
        else
          resolve(
            JSON.parse(err).messages.filter((message) => message.type !== 'info' || message.subType === 'warning'),
          );
      },
    );
  });
}
