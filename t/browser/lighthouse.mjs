// Lighthouse drives a browser by puppeteer, which logs in before.
import lighthouse from 'lighthouse';
import defaultConfig from 'lighthouse/core/config/default-config.js';
import { pageFunctions } from 'lighthouse/core/lib/page-functions.js';
import puppeteer from 'puppeteer-core';
import { done, facts, is, newHome, ok, patience, shellSettings } from './lib/browser.mjs';
import { addUser } from './lib/people.mjs';

const onlyCategories = ['accessibility', 'best-practices'];
// What has no weight is no part of a score, and what only this needs is not gathered.
const skipAudits = onlyCategories
  .flatMap((name) => defaultConfig.categories[name].auditRefs)
  .filter(({ weight }) => !weight)
  .map(({ id }) => id);
// Only scores of performance ask how fast this machine is; the answer costs a second for each page.
pageFunctions.computeBenchmarkIndex = () => 1000;

const browser = await puppeteer.launch({ ...shellSettings, env: { ...process.env, HOME: newHome().home } });
const page = await browser.newPage();
page.setDefaultTimeout(patience);

async function judge(url) {
  const { lhr } = await lighthouse(
    url,
    {
      onlyCategories,
      skipAudits,
      disableStorageReset: true,
      disableFullPageScreenshot: true,
      throttlingMethod: 'simulate', // the others wait at least ten seconds
      logLevel: 'silent',
      locale: 'en-US',
      maxWaitForFcp: patience,
      maxWaitForLoad: patience,
      pauseAfterFcpMs: 1,
      pauseAfterLoadMs: 1,
      networkQuietThresholdMs: 100,
      cpuQuietThresholdMs: 1,
    },
    undefined,
    page,
  );
  return lhr;
}

async function score(where) {
  const { audits, categories, finalDisplayedUrl, runWarnings } = await judge(`${facts.url}/anshin${where}`);
  is(finalDisplayedUrl, `${facts.url}/anshin${where}`, `${where} is what Lighthouse sees`);
  is(runWarnings.join('\n'), '', `${where}: it has nothing to warn of`);
  for (const { id, score: points, auditRefs } of Object.values(categories)) {
    const lost = auditRefs
      .filter((one) => one.weight && audits[one.id].score !== null && audits[one.id].score < 1)
      .map((one) => ({ id: one.id, title: audits[one.id].title, items: audits[one.id].details?.items }));
    ok(points === 1, `${where}: Lighthouse gives 100 for ${id}`, lost);
  }
}

async function send(url, fields) {
  await page.goto(url);
  for (const [id, value] of Object.entries(fields)) await page.type(`#${id}`, value);
  await Promise.all([page.waitForNavigation(), page.click('main form .buttons button[type=submit]')]);
  // That one leads on by itself (B02).
  await page.waitForFunction(() => location.pathname !== '/anshin/login/on' && document.readyState === 'complete');
}

const bad = await judge(`${facts.url}/open/`);
ok(
  Object.values(bad.categories).every((category) => category.score < 1),
  'Lighthouse sees a bad page',
);
// One page of each make; axe looks at all of them, in every state (pages.t).
for (const where of ['/login', '/help/import']) await score(where);
const taro = addUser('p-01-usr001', { method: 'password' });
await send(taro.url, { code: taro.code });
await score('/register/credentials');
await send(`${facts.url}/anshin/login`, { user: 'p-01-busy', password: 'Umi-to-yama-7' });
for (const name of ['account', 'history', 'terminal/add']) {
  await score(`/${name}`);
}
await browser.close();
done();
