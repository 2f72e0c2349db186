// A certificate's life, as two people live it: Taro in Japanese at a desktop, Hanako in English on a phone.
import { done, facts, htanshin, is, like, ok, Person } from './lib/browser.mjs';
import { addUser, complains, credentials, fetchCertificate, keysOf, later, linkTo, login, mailTo, say } from './lib/people.mjs';

const account = '/anshin/account';
const laterBy = (days) => later(days * 86400);

// All that waits for who is behind it: download, import, and a fresh browser with it.
async function fetchNext(person, user, after) {
  user.downloadPassword = (await person.text('#secret')).trim();
  await fetchCertificate(person, user, after);
}

async function stateOf(user) {
  const certificates = JSON.parse(htanshin('--contract', 'p-01', '--json', 'cert', 'list', '--user', user.user).out);
  return certificates.map((one) => one.state).sort();
}

const people = [
  { language: 'ja', width: 'desktop', native: true, kind: 'pc', label: '薬局1号機', renamed: '薬局2号機' },
  { language: 'en', width: 'phone', native: false, kind: 'smartphone', label: 'Counter 1', renamed: 'Counter 2' },
];

for (const [index, one] of people.entries()) {
  const t = (key, values) => say(one.language, key, values);
  const how = `${one.language}, ${one.width}`;
  const user = addUser(`p-01-usr00${index + 1}`, { kind: one.kind });
  const person = await Person.create(one);

  // --- a label of one's own ---

  await person.open(user.url);
  await person.send({ code: user.code });
  ok(await person.page.inputValue('#label'), `${how}: a label is proposed from the device (LST-1)`);
  await person.send({ ...credentials(user), label: 'x'.repeat(33) });
  await complains(person, 'label', '32', `${how}: one that is too long (LST-1)`);
  await person.send({ ...credentials(user), label: one.label });
  like(await person.text(), new RegExp(t('register_done.title')), `${how}: registered with a label`);
  await fetchNext(person, user, 0);
  laterBy(11); // of thirty, the reminder being at twenty
  await login(person, user);
  await person.open(account);
  like(await person.text('table'), new RegExp(one.label), `${how}: the account page has the label (LST-1)`);
  await person.photograph(`life-account-${index}`);
  await person.goes(() => person.page.locator('a[href*="terminal/change?n=1"]').click());
  is(await person.page.inputValue('#label'), one.label, `${how}: as the form to change it has (LST-1)`);
  await person.send({ label: one.renamed, address_confirm: user.address });
  like(await person.text(), new RegExp(one.renamed), `${how}: it is shown for confirmation (LST-1)`);
  await person.press(t('terminal_confirm.submit_change'));

  // --- renewal before the end ---

  await person.open(account);
  like(await person.text(), new RegExp(t('account.renew_lead').slice(0, 12)), `${how}: the end is near, and told (REN-1)`);
  await person.goes(() => person.page.locator('a[href*="renewal?n=1"]').click());
  is(await person.heading(), t('renewal.title'), `${how}: the renewal's page (REN-2)`);
  like(await person.text(), new RegExp(one.renamed), `${how}: which names the terminal (LST-1)`);
  await person.photograph(`life-renewal-${index}`);
  const twin = await person.tab();
  await twin.page.goto(person.page.url());
  await person.press(t('renewal.submit'));
  is(await person.heading(), t('renewal_done.title'), `${how}: confirmed (REN-2)`);
  const secret = (await person.text('#secret')).trim();
  await person.page.reload();
  is((await person.text('#secret')).trim(), secret, `${how}: a reload shows the same (SEC-1)`);
  await twin.press(t('renewal.submit'));
  is((await twin.text('#secret')).trim(), secret, `${how}: the same page in a second tab leads there, too (FLO-2)`);
  await twin.page.close();
  await person.photograph(`life-renewal-done-${index}`);
  await mailTo(user.address, new RegExp(`/anshin/download`), 1);
  await person.open(account);
  like(await person.text('table'), new RegExp(secret), `${how}: the account page has what waits (ACC-2)`);
  await person.open(await linkTo(user.address, '/anshin/download', 1));
  user.downloadPassword = secret;
  const former = person.certificate;
  await fetchCertificate(person, user, 1);
  is((await stateOf(user)).join(), 'active,active', `${how}: now there are two (REN-2)`);
  if (person.native) {
    is(keysOf(person).length, 2, `${how}: both lie in the browser`);
    person.becomeNative(); // the old one is removed, as the help says
    person.importCertificate(user.file, user.downloadPassword);
    await person.start();
  }
  await login(person, user);
  is((await stateOf(user)).join(), 'active,revoked', `${how}: the first login with the new one revokes the old (REN-2)`);
  const late = await Person.create({ ...one, native: false, certificate: former.file, password: former.password });
  await late.open('/members/');
  is(await late.heading(), t('help_certificate.reason_revoked.title'), `${how}: which is refused at once (REN-2)`);
  await late.close();

  // --- and after it ---

  laterBy(31);
  const ended = await person.another();
  await ended.open('/members/');
  is(await ended.heading(), t('help_certificate.reason_expired.title'), `${how}: the certificate has ended (LOG-3)`);
  await ended.press(t('help_certificate.reason_expired.to_renewal'), 'link');
  is(await ended.heading(), t('renewal_ended.title'), `${how}: the page leads to a renewal (REN-3)`);
  await ended.photograph(`life-renewal-ended-${index}`);
  await ended.send({ user: user.user, password: 'Not-this-one-1' });
  like(await ended.text('#summary'), new RegExp(t('errors.login_remaining', { remaining: 2 })), `${how}: counted (LCK-1)`);
  await ended.send({ user: user.user, password: user.password });
  is(await ended.heading(), t('renewal_done.title'), `${how}: renewed (REN-3)`);
  ok((await ended.text('#secret')).trim(), `${how}: with a download password`);
  await ended.open('/members/');
  is(await ended.heading(), t('help_certificate.reason_expired.title'), `${how}: the site stays shut (REN-3)`);
  await ended.close();
  laterBy(11);
  await person.start(); // connections of then would go on as ended

  // --- lost ---

  for (let i = 0; i < 3; i += 1) await login(person, user, { password: 'Not-this-one-1' });
  is(await person.heading(), t('locked.title'), `${how}: whoever has found it locks the account`);
  const borrowed = await Person.create({ language: one.language, width: 'phone' });
  await borrowed.open('/anshin/help');
  await borrowed.press(t('help.to_lost'), 'link');
  is(await borrowed.heading(), t('reissue_request.title_lost'), `${how}: a device is lost; without certificate (LST-2)`);
  await borrowed.send({ user: user.user, address: user.address });
  is(await borrowed.heading(), t('reissue_sent.title_lost'), `${how}: the one answer (LST-2)`);
  await borrowed.open(await linkTo(user.address, '/anshin/lost/prove'));
  await borrowed.send({ question: user.question, answer: 'タマ' });
  ok(await borrowed.has('#answer-error'), `${how}: a wrong answer`);
  await borrowed.send({ question: user.question, answer: user.answer });
  is(await borrowed.heading(), t('lost_choose.title'), `${how}: the right one, though the account is locked (LST-2)`);
  like(await borrowed.text('#device'), new RegExp(one.renamed), `${how}: the terminal by its label (LST-1)`);
  await borrowed.photograph(`life-lost-choose-${index}`);
  await borrowed.send({ 'device-1': true });
  is(await borrowed.heading(), t('lost_done.title'), `${how}: revoked (LST-2)`);
  await borrowed.photograph(`life-lost-done-${index}`);
  await borrowed.page.reload();
  is(await borrowed.heading(), t('lost_done.title'), `${how}: a reload shows the same (FLO-2)`);
  ok(!(await stateOf(user)).includes('active'), `${how}: nothing good is left of the terminal (LST-2)`);
  await person.open('/members/');
  is(await person.heading(), t('help_certificate.reason_revoked.title'), `${how}: refused at the site (CRT-6)`);
  await borrowed.close();
  await person.close();
  laterBy(0);
}

// --- old and new in one browser, chosen by name ---

const chooser = await Person.create({ native: true, site: facts.named });
if (chooser.native) {
  const atTrial = async () => {
    await chooser.open(facts.trial);
    return chooser.text();
  };
  const none = say('ja', 'help_certificate.reason_none.title');
  await chooser.open('/anshin/login');
  is(await chooser.heading(), none, 'nothing is imported, so none is chosen');
  for (const one of [facts.old, facts.new]) chooser.importCertificate(one.file, one.password);
  await chooser.open('/anshin/login');
  is(await chooser.heading(), none, 'which the browser remembers for this port, whatever is imported (HLP-6)');
  like(await atTrial(), /named-1 old/, 'but not for the trial at another, which sees what is there (AnshinTryURL, HLP-6)');
  is(keysOf(chooser).length, 2, 'old and new lie in one browser');
  is(keysOf(chooser).sort().join(), 'named-1 new,named-1 old', 'under names that tell them apart (LST-1)');
  await chooser.start();
  chooser.site = facts.others; // which the old one opens as little, but whose help page says what came
  await chooser.open('/members/');
  like(await chooser.text(), /named-1 old/, 'chosen by its name, the old one comes (LST-1)');
  chooser.site = facts.named;
  await chooser.open('/anshin/login');
  like(await chooser.text(), /named-1 new/, 'the new one by its own (LST-1)');
  like(await atTrial(), /named-1 old/, 'a certificate that is remembered there does not come at the trial either (AnshinTryURL, HLP-7)');
  await chooser.open('/anshin/login');
  await chooser.send(facts.namedUser);
  is(chooser.path(), '/', 'and logs in');
}
await chooser.close();
done();
