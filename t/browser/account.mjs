// The pages behind the login, reissue and one-time passwords, as people use them: with JavaScript and without, at a
// desktop and on a phone, and once by the keyboard alone.
import { done, facts, htanshin, is, like, ok, Person } from './lib/browser.mjs';
import {
  addUser,
  complains,
  credentials,
  fetchCertificate,
  later,
  letters,
  linkTo,
  login,
  mailTo,
  register,
  say,
  totp,
  until,
} from './lib/people.mjs';

const ja = (key, values) => say('ja', key, values);
const members = '/members/';
const account = '/anshin/account';

// The main flows of somebody with ID and password; they need no script.
async function mainFlows(person, user, how) {
  await register(person, user);
  is(await person.heading(), ja('register_done.title'), `${how}: registration (REG-3)`);
  await person.press(ja('register_done.to_login'), 'link');
  await person.send({ user: user.user, password: user.password });
  is(person.path(), members, `${how}: login (LOG-1)`);

  await person.open('/anshin/');
  like(await person.text('header'), new RegExp(user.user), `${how}: the header names the user (ACC-1)`);
  const entries = ['home', 'account', 'password', 'question', 'history', 'method', 'sessions'];
  for (const entry of entries) {
    if (person.width === 'phone') await person.page.locator('.menu-fold summary').click();
    await person.press(ja(`menu.${entry}`), 'link');
    ok(
      await person.page.getByRole('button', { name: ja('common.logout') }).isVisible(),
      `${how}: ${entry} has a logout button (ACC-1)`,
    );
    is(
      await person.page.locator('nav.menu a[aria-current="page"]').first().textContent(),
      ja(`menu.${entry}`),
      `${how}: and the menu shows where one is (ACC-1)`,
    );
  }

  await person.open('/anshin/password');
  await person.send({ current: 'Not-this-one-1', password: 'short', password_confirm: 'other' });
  await complains(
    person,
    'current',
    ja('errors.password_wrong_remaining', { remaining: 4 }),
    `${how}: a wrong current password (ACC-3)`,
  );
  const next = 'Kawa-to-mori-8';
  await person.send({ current: user.password, password: 'short', password_confirm: 'other' });
  await complains(person, 'password', ja('rules.too_short', { min: 8 }), `${how}: a bad new one (ACC-3, PWD-1)`);
  await person.send({ current: user.password, password: user.password, password_confirm: user.password });
  await complains(person, 'password', ja('rules.same_as_current'), `${how}: the same again (PWD-2)`);
  await person.send({ current: user.password, password: next, password_confirm: next });
  is(await person.heading(), ja('done.password.heading'), `${how}: the password is changed (ACC-3)`);
  user.password = next;

  await person.open('/anshin/question');
  await person.send({ current: user.password, question: 'food', answer: 'す' });
  await complains(person, 'answer', ja('errors.answer_short', { min: 2 }), `${how}: an answer too short (ACC-3)`);
  is(await person.page.inputValue('#question'), 'food', `${how}: the question is kept`);
  await person.send({ current: user.password, question: 'food', answer: 'おすし' });
  is(await person.heading(), ja('done.question.heading'), `${how}: question and answer are changed (ACC-3)`);
  Object.assign(user, { question: 'food', answer: 'おすし' });
  await person.press(ja('done.question.next_text'), 'link');
  is(person.path(), '/anshin/', `${how}: and back`);
}

// Add, change and delete a terminal, with a look back before it is confirmed.
async function terminals(person, user, how) {
  const steps = () => person.page.locator('.step-current').innerText();
  await person.open(account);
  await person.press(ja('account.add'), 'link');
  like(await steps(), new RegExp(ja('steps.terminal_edit')), `${how}: the flow shows its steps (ACC-1)`);
  await person.press(ja('common.cancel'), 'link');
  is(person.path(), account, `${how}: and can be cancelled (ACC-1)`);
  await person.press(ja('account.add'), 'link');
  await person.send({ address: 'no-address', address_confirm: 'other@example.jp', 'kind-smartphone': true });
  await complains(person, 'address', ja('errors.address'), `${how}: what is no address (ACC-5)`);
  ok(await person.page.isChecked('#kind-smartphone'), `${how}: the kind is kept`);
  await person.send({ address: user.address, address_confirm: user.address });
  await complains(person, 'address', ja('errors.address_taken'), `${how}: one that is there already (ACC-5)`);
  const address = `second-${user.user}@example.jp`;
  await person.send({ address, address_confirm: address });
  like(
    await steps(),
    new RegExp(ja('steps.terminal_confirm')),
    `${how}: what was typed is shown for confirmation (ACC-5)`,
  );
  like(
    await person.text(),
    new RegExp(`${address}[\\s\\S]*${ja('terminal_kinds.smartphone')}`),
    `${how}: address and kind`,
  );
  await person.press(ja('common.back'), 'link');
  is(await person.page.inputValue('#address'), address, `${how}: back, and it is still there (ACC-5)`);
  await person.send({ address, address_confirm: address });
  await person.press(ja('terminal_confirm.submit_add'));
  is(await person.heading(), ja('terminal_done.title_add'), `${how}: a terminal is added (ACC-5)`);
  await person.open(account);
  like(
    await person.text('table'),
    new RegExp(`${user.address}[\\s\\S]*${address}`),
    `${how}: the table lists both (ACC-2)`,
  );
  is(
    await person.page.locator('table a[href*="terminal/delete?n=1"]').count(),
    0,
    `${how}: the first cannot be deleted (ACC-2)`,
  );

  await person.goes(() => person.page.locator('a[href*="terminal/change?n=2"]').click());
  const moved = `moved-${user.user}@example.jp`;
  await person.send({ address: moved, address_confirm: moved, 'kind-pc': true });
  like(
    await person.text('table'),
    new RegExp(`${address}[\\s\\S]*${moved}`),
    `${how}: before and after, for confirmation (ACC-5)`,
  );
  await person.press(ja('terminal_confirm.submit_change'));
  is(await person.heading(), ja('terminal_done.title_change'), `${how}: a terminal is changed (ACC-5)`);
  for (const to of [address, moved]) ok(await mailTo(to, new RegExp(moved)), `${how}: ${to} is told (ACC-5, MAI-3)`);

  await person.open(account);
  await person.goes(() => person.page.locator('a[href*="terminal/delete?n=2"]').click());
  like(
    await person.text(),
    new RegExp(ja('terminal_confirm.lead_delete')),
    `${how}: deleting is confirmed first (ACC-5)`,
  );
  await person.press(ja('terminal_confirm.submit_delete'));
  is(await person.heading(), ja('terminal_done.title_delete'), `${how}: a terminal is deleted (ACC-5)`);
}

// Two terminals are added side by side: each tab confirms what it shows itself.
async function twoTabs(person, user) {
  const tab = await person.tab();
  const [left, right] = ['left', 'right'].map((name) => `${name}-${user.user}@example.jp`);
  const listed = async () => {
    await person.open(account);
    const table = await person.text('table');
    return [left, right].filter((address) => table.includes(address)).join(' ');
  };
  for (const [page, address] of [[person, left], [tab, right]]) {
    await page.open('/anshin/terminal/add');
    await page.send({ address, address_confirm: 'another@example.jp' });
    await page.page.reload();
    is(
      await page.page.inputValue('#address'),
      address,
      'behind an error a reload sends nothing, and keeps what was typed (FLO-2)',
    );
    await page.send({ address, address_confirm: address });
  }
  ok(person.page.url() !== tab.page.url(), 'two tabs, two flows (FLO-1)');
  await person.press(ja('terminal_confirm.submit_add'));
  is(await person.heading(), ja('terminal_done.title_add'), 'the first tab is confirmed (FLO-1)');
  is(await listed(), left, 'with its own address, not that of the tab opened later (FLO-1)');
  await tab.press(ja('terminal_confirm.submit_add'));
  is(await tab.heading(), ja('terminal_done.title_add'), 'and the second tab, after the first has ended (FLO-1)');
  is(await listed(), `${left} ${right}`, 'with its own (FLO-1)');
  await tab.page.goBack();
  is(
    await tab.page.locator('form[action*="terminal/confirm"]').count(),
    0,
    'behind Back nothing can be confirmed again (FLO-2)',
  );
  await tab.page.goBack();
  is(
    await tab.page.inputValue('#address'),
    right,
    'before it is the form, with the error, and no page to be sent again (FLO-2)',
  );
  await tab.page.close();
}

// --- with JavaScript, at a desktop ---

const person = await Person.create();
const taro = addUser('p-01-usr001', { method: 'password', address: 'taro@example.jp' });
await mainFlows(person, taro, 'desktop');
await terminals(person, taro, 'desktop');

// --- where one is logged in ---

const second = await person.another();
await login(second, taro);
is(second.path(), members, 'a second browser is logged in');
await person.open('/anshin/sessions');
like(await person.text('table'), new RegExp(ja('sessions.this')), 'the sessions page marks the browser itself (ACC-8)');
await person.goes(() => person.page.locator('form:has(input[name=key]) button').first().click());
like(await person.text(), new RegExp(ja('alerts.session_ended_at', { time: '.*' })), 'the other session is ended (ACC-8)');
await second.open('/anshin/');
is(second.path(), '/anshin/login', 'at once (ACC-8, LOG-9)');
await login(second, taro);
await person.open('/anshin/sessions');
await person.press(ja('sessions.end_all'));
like(await person.text(), new RegExp(ja('alerts.sessions_ended_all')), 'or all others at once (ACC-8)');
like(await person.text(), new RegExp(ja('sessions.alone')), 'then one is alone');
await second.open('/anshin/');
is(second.path(), '/anshin/login', 'the other one is out');

// --- method change, one-time passwords ---

async function changeMethod(to, what) {
  await person.open('/anshin/method');
  await person.send({ [`method-${to}`]: true });
  is(await person.heading(), ja('method_confirm.title'), `${what}: the confirmation (ACC-6)`);
  like(
    await person.text(),
    new RegExp(`${taro.user}[\\s\\S]*${taro.address}`),
    `${what}: user ID and terminals (ACC-6)`,
  );
  await person.press(ja('method_confirm.submit'));
  is(await person.heading(), ja('method_done.title'), `${what}: executed (ACC-6)`);
}

await person.open('/anshin/method');
await person.send({ 'method-otp': true });
await person.press(ja('common.back'), 'link');
is(person.path(), '/anshin/method', 'the confirmation leads back (ACC-1)');
await person.press(ja('common.cancel'), 'link');
ok(person.path() !== '/anshin/method', 'and the change can be cancelled (ACC-1)');
await changeMethod('otp', 'password to one-time password');

await login(person, taro);
is(person.path(), '/anshin/login/code', 'after the password a code is asked for (LOG-7)');
ok(!(await person.text()).includes(taro.address), 'the address is not shown whole');
await person.press(ja('login_code.send'));
const code = (await mailTo(taro.address, /\b\d{6}\b/)).text.match(/\b\d{6}\b/)[0];
await person.send({ code: code === '000000' ? '111111' : '000000' }, 'form:has(#code) button[type=submit]');
await complains(person, 'code', ja('errors.code_wrong_remaining', { remaining: 4 }), 'a wrong code (LOG-7)');
await person.send({ code }, 'form:has(#code) button[type=submit]');
is(person.path(), members, 'the mailed code opens (LOG-7)');

await person.open(account);
await person.press(ja('account.app_enrol'), 'link');
const picture = await person.page.locator('main svg[role=img]').boundingBox();
ok(picture.width > 120 && Math.abs(picture.width - picture.height) < 1, 'the QR code is there (LOG-7)', picture);
const key = await person.text('#secret');
const scanned = (await person.scan()).split('\n');
like(scanned[0], new RegExp(`^otpauth://totp/[^?]+[?](?:.*&)?secret=${key.replace(/\s/g, '')}(?:&|$)`), 'a scanner reads the key from it');
is(scanned[1], scanned[0], 'in the dark as well');
await person.send({ code: '000000' });
await complains(person, 'code', ja('errors.code_wrong'), 'a wrong code enrols nothing (LOG-7)');
is(await person.text('#secret'), key, 'and the key stays the same');
await person.send({ code: totp(key) });
is(await person.heading(), ja('done.authenticator_set.heading'), 'the code of the app does (LOG-7)');
await person.press(ja('common.logout'));
await login(person, taro);
await person.send({ code: totp(key, 1) }, 'form:has(#code) button[type=submit]');
is(person.path(), members, 'the next code of the app logs in (LOG-7)');
await person.open(account);
like(await person.text(), new RegExp(ja('account.app_on')), 'the account page says that there is one (ACC-2)');

await changeMethod('certificate', 'one-time password to certificate');
taro.downloadPassword = (await person.text('.secret')).trim();
await login(person, taro);
ok(person.path() !== members, 'the password alone opens no more (ACC-6)');
await fetchCertificate(person, taro);
await login(person, taro);
is(person.path(), members, 'the new certificate does (ACC-6, CRT-1)');
await person.open(account);
like(await person.text('table'), /20\d\d/, "the certificate's expiry is in the table (ACC-2)");
await person.press(ja('account.add'), 'link');
const third = 'third@example.jp';
await person.send({ address: third, address_confirm: third, 'kind-smartphone': true });
await person.press(ja('terminal_confirm.submit_add'));
const waiting = (await person.text('#secret')).trim();
ok(
  await linkTo(third, '/anshin/download'),
  'a new terminal gets a certificate, mailed to its own address (ACC-5, CRT-1)',
);
await person.open(account);
ok(
  (await person.text('table')).includes(waiting),
  'its download password is in the table while the download waits (ACC-2)',
);

// --- reissue of the certificate ---

const lost = await Person.create();
await lost.open('/anshin/login');
await lost.press(ja('login.lost_certificate'), 'link');
await lost.send({ user: taro.user, address: taro.address });
is(await lost.heading(), ja('reissue_sent.title_certificate'), 'a new certificate is asked for without one (CRI-1)');
await lost.open(await linkTo(taro.address, '/anshin/reissue/certificate/prove'));
await lost.send({ question: 'food', answer: 'something else' });
await complains(lost, 'answer', ja('errors.answer_wrong_remaining', { remaining: 4 }), 'a wrong answer (CRI-2, PRI-2)');
await lost.send({ question: taro.question, answer: 'osushi' });
await complains(
  lost,
  'answer',
  ja('errors.answer_wrong_remaining', { remaining: 3 }),
  'another script is another answer (PWD-4)',
);
const before = letters(taro.address).filter((letter) => /\/anshin\/download\?t=/.test(letter.text)).length;
await lost.send({ question: taro.question, answer: '　オスシ ' });
is(await lost.heading(), ja('reissue_done.title_certificate'), 'the right one, in the other kana and with spaces around it (CRI-2, PWD-4, U25)');
taro.downloadPassword = (await lost.text('#secret')).trim();
await person.open('/anshin/');
ok((await person.heading()) !== ja('home.title'), 'the old certificate has ended (CRI-2)');
await fetchCertificate(lost, taro, before);
await login(lost, taro);
is(lost.path(), members, 'the new one logs in (CRI-2)');
await person.close();

await lost.open('/anshin/method');
await lost.send({ 'method-password': true });
await lost.press(ja('method_confirm.submit'));
is(await lost.heading(), ja('method_done.title'), 'certificate to password (ACC-6)');
like(
  htanshin('--contract', 'p-01', 'cert', 'list', '--user', taro.user, '--state', 'active').out,
  /^(?!.*usr001)/s,
  'no certificate is left (ACC-6, CRT-5)',
);

// --- reissue of the password ---

const phone = await lost.another({ width: 'phone', script: false });
await phone.open('/anshin/login');
await phone.press(ja('login.lost_password'), 'link');
await phone.send({ user: taro.user, address: 'somebody@example.jp' });
is(
  await phone.heading(),
  ja('reissue_sent.title_password'),
  'a request with another address gets the same answer (PRI-1)',
);
await phone.open('/anshin/reissue/password');
await phone.send({ user: taro.user, address: taro.address });
is(await phone.heading(), ja('reissue_sent.title_password'), 'as one with the right address (PRI-1)');
await phone.open(await linkTo(taro.address, '/anshin/reissue/password/prove'));
await phone.send({ question: taro.question, answer: taro.answer });
is(await phone.heading(), ja('reissue_done.title_password'), 'question and answer (PRI-2)');
const fresh = (await phone.text('#secret')).trim();
ok(fresh.length >= 8, 'the new password is shown (PRI-3)');
await phone.press(ja('reissue_done.to_login'), 'link');
await phone.send({ user: taro.user, password: fresh });
is(await phone.heading(), ja('login_change.title'), 'it must be changed at the login (PRI-3, LOG-6)');
await phone.open(members);
is(phone.path(), '/anshin/login', 'before that nothing opens');
await login(phone, taro, { password: fresh });
taro.password = 'Sora-to-kumo-5';
await phone.send({ password: taro.password, password_confirm: taro.password });
is(phone.path(), members, 'then the login goes on (LOG-6)');

// --- without JavaScript, on a phone ---

const plain = await lost.another({ width: 'phone', script: false });
const jiro = addUser('p-01-usr002', { method: 'password', address: 'jiro@example.jp' });
await mainFlows(plain, jiro, 'phone without JavaScript');
await terminals(plain, jiro, 'phone without JavaScript');
await twoTabs(plain, jiro);
await plain.open('/anshin/password');
ok(await plain.page.locator('.peek').first().isHidden(), 'without JavaScript there is no button that does nothing');
await plain.press(ja('common.logout'));
is(await plain.heading(), ja('logged_out.title'), 'logout needs no script (LOG-9)');

// --- history ---

const busy = await lost.another();
await login(busy, { user: 'p-01-busy', password: 'Umi-to-yama-7' });
await busy.open('/anshin/history');
const rows = () => busy.page.locator('tbody tr:not(.day)').count();
is(await rows(), 20, 'a page of the history (ACC-4)');
const [, total] = (await busy.text('.range')).match(/^(\d+)件中 1～20件$/) ?? [];
ok(total >= 45, 'says which entries of how many (ACC-4)', await busy.text('.range'));
like(
  await busy.text('.pager'),
  new RegExp(ja('history.pages', { page: 1, pages: Math.ceil(total / 20) })),
  'and which page of how many (ACC-4)',
);
const times = () => busy.page.locator('tbody time').evaluateAll((all) => all.map((one) => one.dateTime));
const first = await times();
ok([...first].sort().reverse().join() === first.join(), 'newest first (ACC-4)', first);
await busy.press(ja('history.next'), 'link');
await busy.goes(() => busy.page.locator('.pager a', { hasText: /3$/ }).first().click());
is(await rows(), total - 40, 'the last page has the rest (ACC-4)');
ok(
  (await times()).every((one) => one <= first.at(-1)),
  'which is older',
);
const text = await busy.text('table');
for (const result of ['login_ok', 'wrong_password', 'registered']) {
  like(text, new RegExp(ja(`history.${result}`).replace(/[（）]/g, '.')), `${result} in words (ACC-4)`);
}

// --- keyboard alone ---

const keys = await lost.another();
await keys.open('/anshin/help');
const focused = () =>
  keys.page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    const visible = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return `${document.activeElement.id || document.activeElement.className}${visible ? '' : ' without outline'}`;
  });
const order = [];
const type = async (...presses) => {
  for (const one of presses) await keys.page.keyboard.press(one);
};
await type('Tab');
order.push(await focused());
await keys.open('/anshin/login'); // where the cursor stands in the first field that is empty (U27)
await keys.page.waitForFunction(() => document.activeElement !== document.body); // with the first frame, after the load
order.push(await focused());
await keys.page.keyboard.type(taro.user);
await type('Tab');
order.push(await focused());
await keys.page.keyboard.type(taro.password);
await type('Tab');
order.push((await focused()).split(' ')[0]);
await type('Space');
is(await keys.page.getAttribute('#password', 'type'), 'text', 'the space bar shows the password');
await type('Tab');
order.push((await focused()).split(' ')[0]);
is(
  order.join(', '),
  'skip, user, password, peek, button',
  'the tab key leads past the head of a page, and goes through the login in order, the focus to be seen',
);
await keys.goes(() => type('Enter'));
is(keys.path(), members, 'and Enter logs in (LOG-1)');

// --- passwords that age, and who is asked again ---

const aged = await lost.another({ site: facts.aged });
const sachiko = addUser('aged-usr1', { method: 'password', contract: 'aged', address: 'sachiko@example.jp' });
await register(aged, sachiko);
await login(aged, sachiko);
await aged.open('/anshin/');
like(await aged.text(), new RegExp(ja('home.days_left', { days: '(9|10)' })), 'the days left are told (LOG-6)');
await aged.press(ja('home.change_password'), 'link');
is(aged.path(), '/anshin/password', 'with a link to the change (LOG-6)');
later(61);
await aged.open('/anshin/terminal/add');
is(await aged.heading(), ja('reauthenticate.title'), 'a sensitive change asks for the password again (ACC-7)');
await aged.send({ password: 'Not-this-one-1' });
await complains(aged, 'password', ja('errors.password_wrong_remaining', { remaining: 4 }), 'a wrong one');
await aged.send({ password: sachiko.password });
is(aged.path(), '/anshin/terminal/add', 'the right one leads back to where one was (ACC-7)');

// --- the end of a login is told before it comes, in every tab, and can be put off (S15) ---

const { page } = aged;
const tab = await page.context().newPage();
const warned = (one) => one.locator('.session-end.on').count();
const told = (one) => one.locator('.session-end [role="status"]').textContent();
const warning = (one) => until('the warning', async () => { await page.clock.runFor(1000); return warned(one); });
await page.clock.install({ time: 0 });
await page.clock.pauseAt(1000); // from here on it goes as told, however busy the machine
await aged.open('/anshin/terminal/add');
await tab.goto(new URL('/anshin/account', page.url()).href);
await page.locator('#label').fill('窓口2');
await page.locator('#address').fill('draft@example.jp');
later(61 + 1700);
await page.clock.runFor(1690000);
await warning(page);
is(await told(page), ja('session_end.idle'), 'two minutes before the end it is told');
await warning(tab);
await page.getByRole('button', { name: ja('session_end.go_on') }).click();
await until('the login goes on', async () => !(await warned(page)));
is(await told(page), ja('session_end.renewed'), 'and can be put off by a button');
is(await page.evaluate(() => document.activeElement.id), 'address', 'after which one is where one was');
await until('so it does in the other tab', async () => !(await warned(tab)));
later(61 + 1700 + 1700);
await page.clock.runFor(1690000);
await warning(page);
await tab.reload();
await until('a page that is opened in another tab puts it off as well', async () => {
  await page.clock.runFor(1000);
  return !(await warned(page));
});
later(61 + 1700 + 1700 + 1900);
await page.clock.runFor(1690000);
await warning(page);
is(await told(page), `${ja('session_end.over')} ${ja('session_end.kept')}`, 'where it is over, that is told, and what is kept');
await page.getByRole('link', { name: ja('session_end.login') }).click();
await page.waitForURL(/login/);
is(await aged.heading(), ja('login.title'), 'the way to the login');
await aged.send({ user: sachiko.user, password: sachiko.password });
is(aged.path(), '/anshin/', 'tells the days left of the password first (LOG-6)');
await page.locator('main a[href*="/terminal/add"]').first().click();
await page.waitForURL(/terminal\/add/);
is(aged.path(), '/anshin/terminal/add', 'and leads back from there');
is(await page.locator('#label').inputValue(), '窓口2', 'to what was typed there (U14)');
is(await page.locator('#address').inputValue(), 'draft@example.jp', 'all of it');
like(await aged.text(), new RegExp(ja('alerts.entry_draft')), 'which has not been sent yet');
is(await page.locator('.field-errors').count(), 0, 'so nothing is complained about');

// --- nothing switched on ---

const bare = await lost.another({ site: facts.bare });
const shiro = addUser('bare-usr1', { method: 'password', contract: 'bare', address: 'shiro@example.jp' });
await register(bare, shiro);
await bare.open('/anshin/login');
const reissues = () => bare.page.locator('a[href*="/reissue/"]').count();
is(await reissues(), 0, 'no link to what is switched off, on the login page (CON-2)');
await login(bare, shiro);
is(bare.path(), members, 'with everything off people still log in (CON-2)');
await bare.open('/anshin/');
const links = await bare.page
  .locator('nav.menu-side a')
  .evaluateAll((all) => all.map((one) => new URL(one.href).pathname));
is(links.join(' '), '/anshin/ /anshin/sessions', 'and in the menu (CON-2)');
await bare.open('/anshin/help');
is(await reissues(), 0, 'and in the help (CON-2)');
await bare.open('/anshin/password');
is(await bare.heading(), ja('error.not_found.title'), 'and its page is not there (CON-2)');

await lost.close();
done();
