// Registration to login and back (issue: the main job), as two people go through it: Taro in Japanese at a desktop,
// Hanako in English on a phone.
import fs from 'node:fs';
import { checkHtml, done, facts, htanshin, importInto, is, like, newHome, ok, Person, run } from './lib/browser.mjs';
import {
  addUser,
  complains,
  credentials,
  fetchCertificate,
  keysOf,
  letters,
  linkTo,
  login,
  mailTo,
  register,
  say,
  until,
} from './lib/people.mjs';

const ja = (key, values) => say('ja', key, values);
const members = '/members/';

// --- registration ---

const taro = addUser('p-01-usr001', { address: 'taro@example.jp' });
like(
  taro.url,
  /^https:\/\/localhost:\d+\/anshin\/register\?t=[\w-]{40,}$/,
  'htanshin user add prints the registration URL (REG-1)',
);
ok(taro.code, 'and the registration code (REG-1)');

const person = await Person.create({ native: true });
await person.open(taro.url);
is(person.path(), '/anshin/register', 'the URL opens the first page (REG-2)');
like(person.page.url(), /\/register\?flow=[0-9a-f]{16}$/, 'whose address holds no token');
is(await person.heading(), ja('register_code.title'), 'in Japanese');

await person.send({ code: 'WRONG-CODE' });
await complains(
  person,
  'code',
  ja('errors.registration_code_wrong_remaining', { remaining: 4 }),
  'a wrong code, which costs the link and not the account (REG-2, LCK-2)',
);
await person.open(taro.url);
await person.open(taro.url);
await person.send({ code: taro.code });
is(
  person.path(),
  '/anshin/register/credentials',
  'the right code leads on, however often the URL was opened (REG-2, REG-5)',
);

await person.send({ password: 'taro', password_confirm: 'something else', question: 'pet', answer: 'ポチ' });
for (const [rule, values] of [['too_short', { min: 8 }], ['need_digit'], ['need_upper'], ['contains_address']]) {
  await complains(
    person,
    'password',
    ja(`rules.${rule}`, values),
    `rule ${rule}, named with the others (REG-3, PWD-1, PWD-2)`,
  );
}
await complains(person, 'password_confirm', ja('rules.mismatch'), 'a confirmation that differs (REG-3)');
is(await person.page.inputValue('#question'), 'pet', 'the question is kept (REG-3)');
is(await person.page.inputValue('#answer'), 'ポチ', 'and the answer (REG-3)');
is(await person.page.inputValue('#password'), '', 'but no password');

const typed = person.page.locator('#password');
await typed.fill(taro.password);
await person.page.locator('#password + .peek').click();
is(await typed.getAttribute('type'), 'text', 'a password can be shown while typing');
await person.send(credentials(taro));
is(person.path(), '/anshin/register/done', 'good credentials are registered (REG-3)');
taro.downloadPassword = (await person.text('#secret')).trim();
like(taro.downloadPassword, /^[2-9a-zA-Z]{12,}$/, 'the download password is shown (REG-4, CRT-2)');
like(await person.text(), new RegExp(ja('issued.next_mail')), 'and that a mail follows (REG-4)');
await person.page.reload();
is((await person.text('#secret')).trim(), taro.downloadPassword, 'a reload shows it again (SEC-1, U02)');
await person.page.goto(new URL('/anshin/help/import', person.page.url()).href);
await person.page.goBack();
is((await person.text('#secret')).trim(), taro.downloadPassword, 'so does the way back from a help page (SEC-1)');
await person.press(ja('seen.submit'));
like(await person.text(), new RegExp(ja('seen.hidden')), 'until Taro says that he has it (SEC-1)');
ok(!(await person.page.content()).includes(taro.downloadPassword), 'then it is shown no more');
await person.page.goBack();
await person.page.reload();
ok(!(await person.page.content()).includes(taro.downloadPassword), 'nor behind the back button');
await person.open(taro.url);
is(person.path(), '/anshin/register/done', 'the used URL leads to the end of the registration (FLO-2)');
ok(!(await person.page.content()).includes(taro.downloadPassword), 'which shows the password no more (SEC-1)');
const stranger = await person.another();
await stranger.open(taro.url);
is(
  await stranger.heading(),
  ja('link_invalid.title_used'),
  'and in another browser to the page that says so, and what to do (REG-2, U12)',
);
await stranger.close();

// --- mail and download ---

const letter = await mailTo(taro.address, /\/anshin\/download\?t=/);
like(letter.subject, /電子証明書ダウンロードのご案内/, 'the mail has come, its subject decoded (CRT-1, MAI-1, MAI-2)');
like(
  letter.text,
  /p-01-usr001[\s\S]*\/anshin\/download\?t=[\s\S]*\/anshin\/help\/import/,
  'with user ID, download URL and how-to page (CRT-1)',
);
ok(!letter.text.includes(taro.downloadPassword), 'but not the password');

await person.open(await linkTo(taro.address, '/anshin/download'));
is(await person.heading(), ja('download.title'), 'the link opens the download page (CRT-2)');
await person.send({ download_password: 'not-this-one' });
await complains(
  person,
  'download_password',
  ja('errors.download_wrong_remaining', { remaining: 9 }),
  'a wrong download password is counted (CRT-2)',
);
const submit = () => person.page.locator('form[action*="/download?"] button[type=submit]').click();
const files = {};
for (const profile of ['compat', 'modern']) {
  if (profile === 'modern') await person.page.locator('#again > summary').click();
  await person.fill({ download_password: taro.downloadPassword, [`profile-${profile}`]: true });
  files[profile] = await person.download(submit);
  like(
    files[profile],
    /p-01-usr001.*\.p12$/,
    `${profile}: the browser saves a file with a telling name (CRT-2, CRT-3)`,
  );
  const seen = run('openssl', [
    'pkcs12',
    '-info',
    '-noout',
    '-in',
    files[profile],
    '-passin',
    `pass:${taro.downloadPassword}`,
  ]);
  like(
    seen.err,
    profile === 'compat' ? /3-KeyTripleDES/ : /AES-256-CBC/,
    `${profile}: packed as this profile is (CRT-3)`,
  );
  fs.renameSync(files[profile], `${files[profile]}.${profile}`);
  files[profile] += `.${profile}`;
  await person.page.reload();
}

// --- without the certificate ---

await person.open(members);
is(
  await person.heading(),
  ja('help_certificate.reason_none.title'),
  'without a certificate: the page that says so (LOG-3)',
);
like(await person.text(), /AN-[2-9B-Z]{8}/, 'with a number for the help desk (LOG-3)');
await person.look('help-certificate-none');
await person.press(ja('common.help_import'), 'link');
is(person.path(), '/anshin/help/import', 'and how to import (CRT-4)');
for (const device of ['windows', 'firefox', 'mac', 'mac_profile', 'ios', 'android', 'linux']) {
  like(
    await person.page.locator('main').textContent(),
    new RegExp(ja(`help_import.${device}.s1`).slice(0, 12)),
    `on ${device} (CRT-4)`,
  );
}

// --- import and login ---

const elsewhere = newHome();
importInto(elsewhere, files.compat, taro.downloadPassword);
is(keysOf(elsewhere).length, 1, 'pk12util imports the file of the profile compat (CRT-3)');

person.importCertificate(files.modern, taro.downloadPassword);
if (person.native) is(keysOf(person).length, 1, 'pk12util imports the file of the profile modern (CRT-3)');
await person.start();
await person.open(`${members}?a=1`);
is(person.path(), '/anshin/login', 'with the certificate chosen, the login page comes (LOG-1, LOG-2)');
is(await person.heading(), ja('login.title'), 'in Japanese');
like(await person.text(), /p-01-usr001/, 'and shows which certificate (LOG-2)');
await person.press('English', 'link');
is(await person.heading(), say('en', 'login.title'), 'one press, and it is English');
is(await person.page.locator('html').getAttribute('lang'), 'en', 'as the page says itself');
await person.press('日本語', 'link');
is(await person.heading(), ja('login.title'), 'and back');
await person.send({ user: taro.user, password: taro.password });
is(person.page.url(), `${facts.url}${members}?a=1`, 'ID and password lead to where one wanted (LOG-1, LOG-2)');
like(await person.text('body'), /the members' page/, 'the page appears (LOG-1)');

await person.open(`${members}cgi-bin/env.cgi`);
const environment = await person.text('body');
for (const line of [
  /^REMOTE_USER=p-01-usr001$/m,
  /^ANSHIN_USER=p-01-usr001$/m,
  /^ANSHIN_METHOD=certificate$/m,
  /^ANSHIN_CONTRACT=p-01$/m,
]) {
  like(environment, line, 'a CGI is told (APP-1)');
}
await person.open(`${members}proxied/`);
like(await person.text('body'), /^Anshin-User: p-01-usr001$/im, 'and a back end behind the proxy (APP-1)');

// The download can be had again until somebody says that the import is done, or has logged in with the certificate.
await person.open(await linkTo(taro.address, '/anshin/download'));
is(
  await person.heading(),
  ja('link_invalid.title_used'),
  'whoever has logged in with the certificate can fetch it no more (CRT-2)',
);

await person.open('/anshin/');
like(await person.text('header'), /p-01-usr001/, 'the portal says who is logged in');
await person.press(ja('common.logout'));
is(await person.heading(), ja('logged_out.title'), 'logout shows a page (LOG-9)');
await person.open(members);
is(person.path(), '/anshin/login', 'and the session has ended (LOG-9)');

// --- somebody else's certificate ---

const hanako = addUser('p-01-usr002', { kind: 'smartphone', address: 'hanako@example.jp' });
const phone = await Person.create({ language: 'en', width: 'phone' });
await register(phone, hanako);
is(await phone.heading(), say('en', 'register_done.title'), 'a second person registers in English on a phone (REG-4)');
await phone.open(await linkTo(hanako.address, '/anshin/download'));
await phone.fill({ download_password: hanako.downloadPassword });
hanako.file = await phone.download(() => phone.page.locator('form[action*="/download?"] button[type=submit]').click());
await phone.press(say('en', 'download.finish'));
is(await phone.heading(), say('en', 'download_done.title'), 'the person says that the import is done (CRT-2)');
phone.becomeNative();
phone.importCertificate(hanako.file, hanako.downloadPassword);
await phone.start();
await login(phone, taro);
const message = await phone.text('#summary');
like(
  message,
  new RegExp(say('en', 'errors.login_wrong').slice(0, 20)),
  "another user's certificate: the one message (LOG-4)",
);
await login(phone, hanako);
is(phone.path(), members, 'with her own ID she is in (LOG-2)');

// --- certificates that are no good ---

for (const reason of ['expired', 'foreign', 'unknown']) {
  const other = await Person.create({ certificate: facts[reason], password: 'secret' });
  await other.open(members);
  is(await other.heading(), ja(`help_certificate.reason_${reason}.title`), `${reason}: the page that says so (LOG-3)`);
  await other.look(`help-certificate-${reason}`);
  await other.close();
}

// --- lockout ---

for (const remaining of [2, 1]) {
  await login(person, taro, { password: 'Not-this-one-1' });
  like(
    await person.text('#summary'),
    new RegExp(ja('errors.login_remaining', { remaining })),
    `a wrong password: ${remaining} attempts remain (LOG-5)`,
  );
  is(await person.page.inputValue('#user'), taro.user, 'the user ID is kept');
}
await person.look('login-remaining');
await login(person, taro, { password: 'Not-this-one-1' });
is(await person.heading(), ja('locked.title'), 'the third one locks, and the page says so (LCK-2)');
like(await person.text(), /03-0000-0000/, 'and whom to call (LCK-2)');
await login(person, taro);
is(await person.heading(), ja('locked.title'), 'the right password does not open it (LCK-2)');
await until('notice of the lock', () => letters(taro.address).some((one) => /ロック/.test(one.text)));
ok(true, 'the user is told by mail (MAI-3)');
is(htanshin('user', 'unlock', taro.user).status, 0, 'htanshin user unlock');
await login(person, taro, { where: members });
is(person.path(), members, 'and the right password opens again (LCK-2)');

// --- revoked ---

is(htanshin('cert', 'revoke', '--user', taro.user).status, 0, 'htanshin cert revoke');
await person.open(`${members}cgi-bin/env.cgi`);
is(
  await person.heading(),
  ja('help_certificate.reason_revoked.title'),
  'the very next request gets the page about a revoked certificate (LOG-3, CRT-6)',
);
await person.look('help-certificate-revoked');
await phone.open(`${members}cgi-bin/env.cgi`);
like(await phone.text('body'), /^REMOTE_USER=p-01-usr002$/m, 'the other user goes on');

await person.close();
await phone.close();
await checkHtml();
done();
