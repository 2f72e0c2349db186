// Each page: no accessibility fault, nothing on the console, nothing shifts while it loads, no sideways scrolling at 320 pixels
// and at 200 % of a desktop, small enough, and valid HTML. Photographs of all of them when ANSHIN_SCREENSHOTS names a directory;
// otherwise each is looked at twice: Japanese, light, on a phone and English, dark, at a desktop.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { chromium } from 'playwright-core';
import { axe, checkHtml, done, facts, is, layoutShifts, ok, widths } from './lib/browser.mjs';
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
  for (const [name, [template, data]] of Object.entries(states(language, texts))) {
    const file = path.join(directory, 'data.json');
    fs.writeFileSync(file, JSON.stringify(data));
    pages.set(`${name}-${language}`, execFileSync(facts.render, [facts.htdocs, language, `templates/${template}`,
      file], { encoding: 'utf8' }));
    drawn.add(template);
  }
}
const templates = fs.readdirSync(`${facts.htdocs}/templates`).filter((file) => file.endsWith('.mustache'))
  .map((file) => file.slice(0, -'.mustache'.length));
is(templates.filter((template) => !drawn.has(template)).join(' '), '',
  `every template has a state: ${drawn.size} of them`);

const weight = ['anshin.css', 'anshin.js'].reduce((sum,
  file) => sum + fs.statSync(`${facts.htdocs}/static/${file}`).size, 0);
const heavy = [...pages].filter(([, html]) => Buffer.byteLength(html) + weight > limit).map(([name]) => name);
is(heavy.join(' '), '', `no page is over ${limit} bytes with its style sheet and script`);

// --- serving ---

const server = http.createServer((request, response) => {
  const name = new URL(request.url, 'http://localhost').pathname;
  const file = name.startsWith('/anshin/static/') ? path.join(facts.htdocs, name.slice('/anshin'.length)) : undefined;
  const body = file ? fs.readFileSync(file) : pages.get(name.slice(1));
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Type', file ? types[path.extname(file)] : 'text/html; charset=utf-8');
  response.statusCode = body === undefined ? 404 : 200;
  response.end(body);
});
await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
const origin = `http://127.0.0.1:${server.address().port}`;

// --- looking ---

const args = ['--disable-gpu', '--force-color-profile=srgb'];
if (process.getuid() === 0) args.push('--no-sandbox');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });

const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function look(page, name, width, messages) {
  const faults = [];
  await page.setViewportSize(widths[width]);
  await page.goto(`${origin}/${name}`, { waitUntil: 'load' });
  faults.push(...(await axe(page)).map((violation) => JSON.stringify(violation)), ...messages.splice(0));
  faults.push(...(await page.evaluate(layoutShifts)));
  for (const size of [{ width: 320, height: 640 }, { width: 640, height: 450 }]) {
    await page.setViewportSize(size);
    const over = await sideways(page);
    if (over > 0) faults.push(`${over} px too wide at ${size.width}`);
  }
  return faults;
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

for (const { language, width, dark } of ways) {
  const context = await browser.newContext({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
  const page = await context.newPage();
  const messages = [];
  page.on('console', (message) => { if (message.type() === 'error') messages.push(message.text()); });
  page.on('pageerror', (error) => messages.push(String(error)));
  for (const name of [...pages.keys()].filter((key) => key.endsWith(`-${language}`))) {
    const faults = await look(page, name, width, messages);
    ok(faults.length === 0, `${name}, ${width}${dark ? ', dark' : ''}: nothing to complain about`, faults.join('\n'));
    await photograph(page, name, width, dark);
  }
  await context.close();
}
await browser.close();
server.close();
await checkHtml(pages);
fs.rmSync(directory, { recursive: true });
done();
