// The login walk in Firefox: a profile with the server's CA and the person's certificate in it, driven over
// WebDriver BiDi.
import fs from 'node:fs';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { done, facts, htanshin, is, like, newHome, patience, run } from './lib/browser.mjs';
import { say } from './lib/people.mjs';

const { home } = newHome();
const profile = path.join(home, 'profile');
const secret = path.join(home, 'p12.password');
const ja = (key) => say('ja', key);

fs.mkdirSync(profile);
fs.writeFileSync(secret, facts.filePassword, { mode: 0o600 });
run('certutil', ['-d', `sql:${profile}`, '-N', '--empty-password']);
run('certutil', ['-d', `sql:${profile}`, '-A', '-t', 'C,,', '-n', 'server CA', '-i', facts.serverCA]);

// A browser at the page, in Japanese, and how to look at it.
async function firefox() {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    timeout: patience,
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    userDataDir: profile,
    env: { ...process.env, HOME: home },
    extraPrefsFirefox: {
      'security.default_personal_cert': 'Select Automatically',
      'intl.accept_languages': 'ja',
      'network.dns.localDomains': 'localhost',
    },
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  return {
    browser,
    page,
    open: (where) => page.goto(facts.url + where),
    text: (selector) => page.$eval(selector, (node) => node.textContent.trim()),
    path: () => new URL(page.url()).pathname,
    async send(fields, button) {
      for (const [id, value] of Object.entries(fields)) {
        await page.$eval(`#${id}`, (node) => {
          node.value = '';
        });
        await page.type(`#${id}`, value);
      }
      await Promise.all([page.waitForNavigation(), page.click(button ?? 'main form .buttons button[type=submit]')]);
      // That one leads on by itself (B02).
      await page.waitForFunction(() => location.pathname !== '/anshin/login/on' && document.readyState === 'complete');
    },
  };
}

const before = await firefox();
await before.open('/members/');
is(
  await before.text('h1'),
  ja('help_certificate.reason_none.title'),
  'Firefox without a certificate: the page that says so (LOG-3)',
);
for (const [row, name, words] of [
  ['HLP-7', 'remembered', 'help_undo.firefox'],
  ['HLP-8', 'several_ids', 'help_undo.firefox'],
  ['HLP-12', 'wrong_browser', 'help_where.firefox'],
]) {
  await before.open(`/anshin/help/trouble?about=${name}`);
  is(await before.text('main ol .own'), ja(words), `${row}: Firefox is told what to do in Firefox`);
}
await before.browser.close();

run('pk12util', ['-d', `sql:${profile}`, '-i', facts.ended, '-W', 'secret', '-K', '']);
const late = await firefox();
await late.open('/members/');
is(
  await late.text('h1'),
  ja('help_certificate.reason_none.title'),
  'Firefox never offers an ended certificate (REN-3): the page is that of none',
);
like(await late.text('main'), new RegExp(ja('help_certificate.not_listed')), 'which says why, and leads to the reissue');
await late.browser.close();

const imported = run('pk12util', ['-d', `sql:${profile}`, '-i', facts.file, '-w', secret, '-K', '']);
is(imported.status, 0, 'the file is imported into the profile (CRT-3)');

const one = await firefox();
await one.open('/members/?a=1');
is(one.path(), '/anshin/login', 'Firefox chooses the certificate, and the login page comes (LOG-1, LOG-2)');
like(await one.text('main'), /p-01-usr001/, 'which names the certificate');
await one.send({ user: facts.user, password: 'Not-this-one-1' });
like(await one.text('#summary'), new RegExp(ja('errors.login_wrong').slice(0, 12)), 'a wrong password (LOG-4)');
await one.send({ user: facts.user, password: facts.password });
is(await one.page.evaluate(() => location.href), `${facts.url}/members/?a=1`, 'the right one opens the page (LOG-1, LOG-2)');
await one.open('/members/cgi-bin/env.cgi');
like(await one.text('body'), /^REMOTE_USER=p-01-usr001$/m, 'with the user known (APP-1)');
await one.open('/anshin/');
await one.send({}, 'header form button');
is(await one.text('h1'), ja('logged_out.title'), 'logout (LOG-9)');
await one.open('/members/cgi-bin/env.cgi');
is(one.path(), '/anshin/login', 'ends the session (LOG-9)');
await one.send({ user: facts.user, password: facts.password });
like(await one.text('body'), /^REMOTE_USER=p-01-usr001$/m, 'in again');
is(htanshin('cert', 'revoke', '--user', facts.user).status, 0, 'the certificate is revoked');
await one.open('/members/cgi-bin/env.cgi');
is(
  await one.text('h1'),
  ja('help_certificate.reason_revoked.title'),
  'and the very next request says so (LOG-3, CRT-6)',
);
await one.browser.close();
done();
