// An operator's day, by the keyboard alone (ROL-2): every key is counted, and each page is looked at.
import { done, facts, htanshin, is, like, ok, Person } from './lib/browser.mjs';
import { say } from './lib/people.mjs';

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

const focused = () => person.page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.name);
const state = () => JSON.parse(htanshin('--contract', 'customers', '--json', 'user', 'show', 'usr001').out);

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
ok(keys < 25, `keys from the search to the end: ${keys}`);
await person.look('desk-user-done');
await person.page.goBack();
await person.page.goForward();
like(await person.text(), new RegExp(t('desk_act.unlock.done')), 'back and forth does nothing twice');
await person.page.locator('#q').focus();
await type('usr*');
await press('Enter');
is(await person.page.locator('main tbody tr').count(), 1, 'a search in part shows what it has found');
await person.look('desk-found');
await person.open('/anshin/desk/list?about=invited');
like(await person.text(), new RegExp(t('desk_list.empty')), 'nobody waits to register');
await person.look('desk-list');
await person.close();
done();
