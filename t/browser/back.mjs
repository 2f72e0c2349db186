// Back after the logout, in a Chromium that keeps pages for it as people's do (playwright switches that off).
import { chromium } from 'playwright-core';
import { chromiumSettings, diag, done, facts, is, newHome, ok, patience } from './lib/browser.mjs';

const { home } = newHome();
const browser = await chromium.launch({
  ...chromiumSettings,
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
  env: { ...process.env, HOME: home },
});

async function login(page, user, password) {
  await page.fill('#user', user);
  await page.fill('#password', password);
  await Promise.all([page.waitForURL('**/members/app.html'), page.click('main form button[type=submit]')]);
}

// Log in, read, log out, go back: what is seen, and what it cost.
async function visit(site, { user, password }) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  await page.goto(`${site}/members/app.html`);
  await login(page, user, password);
  await page.evaluate(() => { window.kept = true; });
  await page.goto(`${site}/anshin/logout`);
  const begin = Date.now();
  const there = page.waitForEvent('framenavigated');
  await Promise.all([there, page.click('main form button[type=submit]')]);
  await page.waitForLoadState('load');
  const seconds = (Date.now() - begin) / 1000;
  await page.evaluate(() => { setTimeout(() => window.history.go(-2), 0); }); // behind it the page is another
  await page.waitForURL((url) => url.pathname !== '/anshin/logout', { waitUntil: 'commit' });
  await page.waitForFunction(() => document.readyState === 'complete');
  const seen = await page.evaluate(() => ({ text: document.body.innerText, kept: Boolean(window.kept) }));
  const later = await context.newPage(); // the next day: nothing is left in the page's own process
  await later.goto(`${site}/members/app.html`);
  await login(later, user, password);
  await later.waitForLoadState('load');
  const fetched = await later.evaluate(
    () => performance.getEntriesByType('resource').filter((entry) => entry.transferSize > 0)
      .map((entry) => `${entry.initiatorType} ${entry.name}`),
  );
  await context.close();
  // A busy browser now and then fetches one of them twice, or a thing of its own: files are counted, not requests.
  const again = new Set(fetched.filter((entry) => /\/thing\d+\.js$/.test(entry))).size;
  return { ...seen, seconds, again, fetched };
}

const kept = await visit(facts.kept, facts.people.kept);
ok(kept.text.includes("members' page") && kept.kept, 'AnshinClearCache off: Back shows the page from before the logout (the test sees it)');
const cleared = await visit(facts.url, facts.people['p-01']);
ok(!cleared.text.includes("members' page"), 'S34: after a logout Back shows nothing of what was behind the login', cleared.text);
is(cleared.kept, false, 'S34: the page that was kept for Back is gone');
is(cleared.again, facts.things, 'what it costs: the application is fetched anew at the next login');
if (cleared.fetched.length !== facts.things) diag(`fetched: ${cleared.fetched.join(', ')}`);
diag(`logout: ${kept.seconds} s without Clear-Site-Data, ${cleared.seconds} s with it`);
diag(`files of the application fetched at the next login, of ${facts.things}: ${kept.again}, ${cleared.again}`);

// A place behind the login that leads to another origin: form-action of the login page stops nobody on the way (B02).
const page = await browser.newPage();
await page.goto(`${facts.url}/members/away.html?x=1`);
await page.fill('#user', facts.people['p-01'].user);
await page.fill('#password', facts.people['p-01'].password);
await page.click('main form button[type=submit]');
await page.waitForURL((url) => url.pathname === '/open/', { timeout: patience }).catch(() => {});
is(new URL(page.url()).origin + new URL(page.url()).pathname, `${facts.kept}/open/`, 'B02: the login leads there');
await page.goBack();
ok(!/anshin.login.on/.test(page.url()), 'B02: Back does not stop at the page between', page.url());
await browser.close();
done();
