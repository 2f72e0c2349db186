// An operator's day, by the keyboard alone (ROL-2): every key is counted, and each page is looked at.
import { done, facts, htanshin, is, like, ok, Person } from './lib/browser.mjs';
import { say, until } from './lib/people.mjs';

const t = (key, values) => say('ja', key, values);
const person = await Person.create();
const { keyboard } = person.page;
let keys = 0;

// What a key leads to, when it has loaded.
async function press(key) {
  keys += 1;
  await person.goes(() => keyboard.press(key));
}

async function type(words) {
  keys += words.length;
  await keyboard.type(words);
}

const standing = () => person.page.locator('dd .mark').first().innerText();
const focused = () => person.page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.name);
const state = () => JSON.parse(htanshin('--contract', 'customers', '--json', 'user', 'show', 'usr001').out);

// Search while it is typed (ROL-2): answers come by themselves, one question at a time, and nothing moves.
async function typing({ page, ...who }, words) {
  const here = Object.assign(new Person(), who, { page });
  const rows = page.locator('#found tbody tr');
  const told = () => page.locator('#found-status').textContent();
  const where = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.name);
  const asked = [];
  let most = 0;
  const end = (request) => asked.includes(request) && asked.splice(asked.indexOf(request), 1);
  page.on('request', (request) => {
    if (request.method() !== 'POST') return;
    asked.push(request);
    most = Math.max(most, asked.length);
  });
  page.on('requestfinished', end);
  page.on('requestfailed', end);
  await here.open('/anshin/desk');
  await page.evaluate(() => {
    window.moved = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.moved += entry.value; })).observe({ type: 'layout-shift' });
  });
  // Of which text the answer is there: what was typed before it may have been asked for on its way.
  await page.evaluate(() => {
    const real = window.fetch;
    window.fetch = async (url, options) => {
      const answer = await real(url, options);
      const read = answer.text.bind(answer);
      answer.text = async () => {
        const got = await read();
        setTimeout(() => { window.answered = options.body.get('q'); });
        return got;
      };
      return answer;
    };
  });
  const answer = (text) => until(`the answer to ${text}`, async () => await page.evaluate(() => window.answered) === text);
  await page.keyboard.type('山');
  await answer('山');
  is(await rows.count(), 1, 'ROL-2: one character of a name is enough, without a button');
  like(await told(), new RegExp(words('desk.count', { number: 1 })), 'who hears the page is told how many');
  like(await told(), new RegExp(words('desk.typing_keys')), 'and how to get there');
  is(new URL(page.url()).pathname + new URL(page.url()).search, '/anshin/desk', 'the address keeps nothing of it');
  is(await page.evaluate(() => window.moved), 0, 'nothing has moved');
  await here.look('desk-typing');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('ＵＳＲ００', { delay: 30 });
  await answer('ＵＳＲ００');
  is(await rows.count(), 2, 'ADR-2: wide letters find the same');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  is(await where(), 'usr002', 'arrow keys go through the answers');
  await page.keyboard.press('Escape');
  is(await where(), 'q', 'and back');
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route('**/anshin/desk', async (route) => { await held; await route.continue(); });
  await page.keyboard.press('Backspace');
  await until('a question', () => asked.length > 0);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  release();
  await answer('ＵＳＲ０');
  is(await where(), 'usr002', 'an answer takes nobody away from the user he is at');
  await page.unroute('**/anshin/desk');
  await page.keyboard.press('Escape');
  await page.keyboard.type('０9');
  await answer('ＵＳＲ００9');
  like(await told(), new RegExp(words('desk.nothing')), 'nothing is told as well');
  await page.route('**/anshin/desk', (route) => route.abort());
  await page.keyboard.press('Backspace');
  await page.locator('#found').getByText(words('desk.typing_failed')).waitFor();
  ok(true, 'where it fails the button is named');
  await page.unroute('**/anshin/desk');
  here.messages.length = 0;
  await page.keyboard.press('9');
  await page.keyboard.press('Backspace');
  await answer('ＵＳＲ００');
  is(await rows.count(), 2, 'the same can be asked again');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('HANAKO@');
  await answer('HANAKO@');
  is(most, 1, 'never more than one question is under way');
  await here.goes(() => page.keyboard.press('Enter'));
  is(await here.heading(), words('desk_user.title_of', { user: 'usr002' }), 'Enter leads to the only one');
}

await person.open('/anshin/login');
await person.send(facts.operator);
is(await person.heading(), t('desk.title'), 'the operator is at the help desk');
await person.look('desk');
is(await focused(), 'q', 'the search waits for what is typed');
await type('USR001');
await press('Enter');
is(await person.heading(), t('desk_user.title_of', { user: 'usr001' }), 'ROL-2: one key, and the user is there');
like(await person.text(), new RegExp(t('desk_waits.attempts.text')), 'what is in the way is said first');
is(await focused(), t('desk_act.unlock.button'), 'and what helps has the focus');
is(await standing(), t('desk.state_locked'), 'ROL-2: the state says it as well');
await person.look('desk-user');
await press('Enter');
is(await person.heading(), t('desk_act.unlock.title'), 'it is asked once more');
is(await focused(), 'why', 'for a reason');
await person.look('desk-act');
await press('Enter');
like(await person.text(), new RegExp(t('errors.why_missing')), 'without which nothing is done');
ok(state().locked_by_attempts.length > 0, 'nothing indeed');
await person.page.locator('#why').focus();
await type('電話で本人確認');
await press('Enter');
like(await person.text(), new RegExp(t('desk_act.unlock.tell').slice(0, 16)), 'ROL-2: it is done, and what to tell the user is there');
is(state().locked_by_attempts.length, 0, 'the user can log in');
is(await standing(), t('desk.state_active'), 'and the state says so');
ok(keys < 25, `keys from the search to the end: ${keys}`);
await person.look('desk-user-done');
await person.page.goBack();
await person.page.goForward();
like(await person.text(), new RegExp(t('desk_act.unlock.done')), 'back and forth does nothing twice');
await person.page.locator('#q').focus();
await type('usr*');
await press('Enter');
is(await person.page.locator('main tbody tr').count(), 2, 'a search in part shows what it has found');
await person.look('desk-found');
await typing(person, t);
await person.open('/anshin/desk/list?about=locked');
like(await person.text(), new RegExp(t('desk_list.empty')), 'nobody is locked any more');
await person.look('desk-list');
htanshin('--contract', 'customers', 'user', 'lock', 'usr001');
await person.open('/anshin/desk/list?about=locked');
await person.page.locator('input[name=r0]').focus();
await keyboard.press('Space');
await person.look('desk-list-chosen');
await person.page.locator('button[value=unlock]').focus();
await press('Enter');
like(await person.text(), new RegExp(t('desk_bulk.count', { number: 1 })), 'ROL-2: who is ticked by a key is asked about');
is(await focused(), 'why', 'for a reason');
await person.look('desk-bulk');
await type('窓口で本人確認');
await press('Enter');
like(await person.text(), new RegExp(t('desk_bulk_done.done', { number: 1 })), 'and it is done');
await person.look('desk-bulk-done');
is(state().state, 'active', 'ROL-2: the user can log in');
const english = await person.another({ language: 'en' });
await english.open('/anshin/login');
await english.send(facts.operator);
await typing(english, (key, values) => say('en', key, values));
await person.close();
done();
