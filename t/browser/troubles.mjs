// Each trouble that help desks answer (HLP), from where it is met to where it is solved, by the person alone.
//
// An action is what a person does on a page or in a mail: one press (a link, a button, something folded that opens), or one
// form, filled in and sent. Waiting, reading and what is done in programs of one's own (importing a file, closing a browser)
// are none. Only a Walk acts, and it counts whatever it does; five is the most that a trouble may cost.
import { done, facts, htanshin, is, like, ok, Person, run } from './lib/browser.mjs';
import { later, letters, linkTo, mailTo, say, until } from './lib/people.mjs';

const most = 5;
const t = (key, values) => say('ja', key, values);
const { people } = facts;
const members = '/members/';
const account = '/anshin/account';
const title = (name) => t(`help_trouble.${name}.title`);

class Walk {
  #person;
  #actions = 0;

  constructor(person) {
    this.#person = person;
  }

  // --- where the trouble is met: costs nothing ---

  static async meets(where, choices = {}) {
    const person = await Person.create(choices);
    await person.open(where);
    return new Walk(person);
  }

  // A further trouble of whoever is there: where it is met.
  async meets(where) {
    this.#actions = 0;
    await this.#person.open(where);
    return this;
  }

  // The same browser without its certificate, as when it has ended: Chromium offers none that has.
  async withoutCertificate(where) {
    const cookies = await this.#person.context.cookies();
    const person = await this.#person.another({ certificate: undefined });
    await person.context.addCookies(cookies);
    await person.open(where);
    return new Walk(person);
  }

  async logsIn({ user, password }) {
    await this.#person.open('/anshin/login');
    await this.#person.send({ user, password });
    return this;
  }

  get actions() {
    return this.#actions;
  }

  // --- actions ---

  async #act(what) {
    this.#actions += 1;
    await what();
    return this;
  }

  press(text, role = 'link') {
    return this.#act(() => this.#person.press(text, role));
  }

  send(fields, button) {
    return this.#act(() => this.#person.send(fields, button));
  }

  // Open something that is folded, or press what changes the page where it is.
  unfold(selector) {
    return this.#act(() => this.#person.page.locator(selector).first().click());
  }

  followMail(address, where, after = 0) {
    return this.#act(async () => this.#person.open(await linkTo(address, where, after)));
  }

  // Fill in the form of the download; the file.
  async download(fields) {
    let file;
    await this.#act(async () => {
      await this.#person.fill(fields);
      file = await this.#person.download(() =>
        this.#person.page.locator('form[action*="/download?"] button[type=submit]').click());
    });
    return file;
  }

  // --- what there is to see ---

  heading() {
    return this.#person.heading();
  }

  text(selector) {
    return this.#person.text(selector);
  }

  has(selector) {
    return this.#person.has(selector);
  }

  path() {
    return this.#person.path();
  }

  value(selector) {
    return this.#person.page.locator(selector).inputValue();
  }

  photograph(name) {
    return this.#person.photograph(name);
  }

  scan() {
    return this.#person.scan();
  }

  // Where the steps of an answer end, in windows of a desktop's height, from the top of the page.
  answerEnds() {
    return this.#person.page.evaluate(() =>
      (document.querySelector('main ol').getBoundingClientRect().bottom + window.scrollY) / window.innerHeight);
  }

  steps() {
    return this.#person.page.locator('main ol > li').count();
  }

  solved(fact, text, details) {
    ok(fact && this.#actions <= most, text, details ?? `${this.#actions} actions; at ${this.#person.page.url()}`);
    console.log(`# ${this.#actions}: ${text}`);
  }

  close() {
    return this.#person.close();
  }
}

// --- what is true, whatever pages say ---

function certificatesOf({ user }) {
  return JSON.parse(htanshin('--json', 'cert', 'list', '--user', user).out).map((one) => one.state).sort().join();
}

function opens(file, password) {
  return run('openssl', ['pkcs12', '-info', '-noout', '-in', file, '-passin', `pass:${password}`]);
}

const links = (one, where) => letters(one.address).filter((letter) => letter.text.includes(where)).length;
const asked = (one) => ({ user: one.user, address: one.address });
const proof = (one) => ({ question: one.question, answer: one.answer });
const owner = (one) => ({ certificate: one.file, password: one.downloadPassword });

// From a form that asks for a new certificate to its password: three actions.
async function reissue(walk, one) {
  await walk.send(asked(one), '#reissue button[type=submit], main form .buttons button[type=submit]');
  await walk.followMail(one.address, '/anshin/reissue/certificate/prove');
  await walk.send(proof(one));
  return (await walk.text('#secret')).trim();
}

// And to the file: five.
async function replace(walk, one) {
  const password = await reissue(walk, one);
  await walk.followMail(one.address, '/anshin/download', 1);
  const file = await walk.download({ download_password: password });
  return { file, password, opened: opens(file, password).status === 0 };
}

// --- the certificate is gone: 1, 3, 10 ---

{
  const one = people.broken;
  const walk = await Walk.meets(members);
  is(await walk.heading(), t('help_certificate.reason_none.title'), 'HLP-1: on a new computer no certificate is there');
  await walk.photograph('trouble-gone');
  const { file, password, opened } = await replace(walk, one);
  walk.solved(opened && certificatesOf(one) === 'active,revoked', 'HLP-1: PC broken: the old certificate is revoked, a new one fetched');
  const again = await Walk.meets('/anshin/login', { certificate: file, password });
  await again.send({ user: one.user, password: one.password });
  is(again.path(), members, 'HLP-1: and it logs in');
  await again.close();
  await walk.close();
}
{
  const one = people.admin;
  const walk = await Walk.meets(members);
  await walk.press(title('deleted'));
  like(await walk.text(), /お勤め先の管理者の方も、同じ手続きです/, 'HLP-3: an administrator of a customer needs no form with a seal');
  await walk.press(t('help.to_certificate'));
  const password = await reissue(walk, one);
  await mailTo(one.address, /\/anshin\/download/, 1);
  walk.solved(password && certificatesOf(one).includes('revoked'), 'HLP-3: a new certificate is on its way, by herself (who is an administrator: with issue 12)');
  await walk.close();
}
{
  const one = people.deleted;
  const walk = await Walk.meets('/anshin/login');
  const { opened } = await replace(walk, one);
  walk.solved(opened && certificatesOf(one) === 'active,revoked', 'HLP-10: deleted by mistake: a new certificate is fetched');
  await walk.close();
}

// --- what only the person's own system can solve: 6, 7, 8, 9, 11, 12, 13, 25 ---

const agents = {
  'Edge, Windows': ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0', 'edge', 'windows'],
  'Chrome, Windows': ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36', 'chrome', 'windows'],
  'Firefox, Windows': ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0', 'firefox', 'firefox'],
  'Safari, Mac': ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15', 'safari', 'mac'],
  'Safari, iPhone': ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1', 'ios', 'ios'],
  'Chrome, iPhone': ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1', 'ios', 'ios', ['HLP-12']],
  'Chrome, Android': ['Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36', 'android', 'android'],
};
// Row of the list: where it is met, its name, and the group whose words for this system must stand there.
const answered = [
  ['HLP-6', 'no_dialog', 'help_fresh'],
  ['HLP-7', 'remembered', 'help_undo'],
  ['HLP-8', 'several_ids', 'help_undo'],
  ['HLP-9', 'old_listed', 'help_remove'],
  ['HLP-11', 'windows_account'],
  ['HLP-12', 'wrong_browser', 'help_where'],
  ['HLP-13', 'remote'],
  ['HLP-25', 'other_software', 'help_remove'],
];
for (const [system, [userAgent, browser, store, rows]] of Object.entries(agents)) {
  // The way there is the same for all, and walked by the first; what has no words of a system is looked at there alone.
  const first = system === 'Edge, Windows';
  const walk = await Walk.meets(first ? members : '/anshin/help', { userAgent });
  for (const [row, name, group] of answered.filter(([of, , varies]) => first || (varies && (rows?.includes(of) ?? true)))) {
    if (first) {
      await walk.meets('/anshin/login');
      if (!(await walk.has(`main a[href$="about=${name}"]`))) await walk.press(t('common.help'));
      await walk.press(title(name));
    } else {
      await walk.meets(`/anshin/help/trouble?about=${name}`);
    }
    const own = group && t(`${group}.${['help_remove', 'help_where'].includes(group) ? store : browser}`);
    const seen = group ? await walk.text('main ol .own') : await walk.text('main ol');
    const steps = await walk.steps();
    const ends = await walk.answerEnds();
    walk.solved(
      (!own || seen === own) && seen && steps >= 1 && steps <= 5 && ends <= 1,
      `${row}: ${system}: the steps for this very system, on one screen`,
      `${steps} steps, which end at ${ends} of the screen: ${seen}`,
    );
    if (first) await walk.photograph(`trouble-${name}`);
  }
  await walk.close();
}

// --- files, their passwords, and mail: 14 to 19, 24 ---

{
  const one = people.imports;
  const walk = await Walk.meets(await linkTo(one.address, '/anshin/download'));
  const first = await walk.download({ download_password: ` ${one.downloadPassword.toUpperCase()} ` });
  const kind = opens(first, one.downloadPassword).err;
  walk.solved(/AES-256/.test(kind), 'HLP-15: a download password with blanks around it and in capitals is taken');
  like(await walk.text(), new RegExp(t('help_import.wrong_title')), 'HLP-14: the page says what to do when the import calls the password wrong');
  await walk.unfold('#again > summary');
  const second = await walk.download({ download_password: one.downloadPassword, 'profile-compat': true });
  walk.solved(/3-KeyTripleDES/.test(opens(second, one.downloadPassword).err), 'HLP-14: the file comes packed in another way');
  await walk.close();
}
{
  const one = people.phones;
  const computer = await Walk.meets(await linkTo(one.address, '/anshin/download'));
  await computer.press(title('mail_device'));
  ok((await computer.steps()) <= 5 && /QR/.test(await computer.text('main ol')), 'HLP-19: how to go on at a device that does not read the mail');
  await computer.meets(await linkTo(one.address, '/anshin/download'));
  await computer.press(t('phone.open'), 'button');
  await computer.photograph('trouble-qr');
  const [scanned, dark] = (await computer.scan()).split('\n');
  is(scanned, (await computer.text('#link')).trim(), 'HLP-19: a scanner reads the link from the QR code');
  is(dark, scanned, 'HLP-19: in the dark as well');
  const phone = await Walk.meets(scanned, { width: 'phone' });
  const file = await phone.download({ download_password: one.downloadPassword });
  phone.solved(opens(file, one.downloadPassword).status === 0 && computer.actions === 1, 'HLP-19: the QR code of a computer opens the download on the phone: scanned there, and the password typed (by an administrator: with issue 12)');
  for (const each of [computer, phone]) await each.close();
}
{
  const one = people.several;
  const walk = await Walk.meets('/anshin/login', owner(one));
  is(await walk.value('#user'), one.user, 'HLP-23: the ID is in the certificate, and filled in');
  await walk.send({ password: ` ${one.password.toUpperCase()}` });
  like(await walk.text('#summary'), new RegExp(t('errors.login_wrong').slice(0, 12)), 'HLP-15: a password in capitals, with a blank before it');
  await walk.unfold('#password + .peek');
  await walk.send({ password: one.password });
  walk.solved(walk.path() === members, 'HLP-15: one looks at what is typed, and is in');
  await walk.close();
}
{
  const one = people.forgets;
  const walk = await Walk.meets(await linkTo(one.address, '/anshin/download'));
  await walk.press(title('download_password'));
  await walk.press(t('help.to_certificate'));
  const password = await reissue(walk, one);
  await mailTo(one.address, /\/anshin\/download/, 1);
  walk.solved(password && password !== one.downloadPassword, 'HLP-16: download password lost: a new one is shown, and its link is in the mail');
  await walk.close();
}
{
  const one = people.several;
  const walk = await Walk.meets('/anshin/reissue/certificate');
  await walk.send({ user: one.user, address: 'mistyped@example.jp' });
  await walk.press(title('mail_missing'));
  like(await walk.text('main ol'), /迷惑メール/, 'HLP-17: no mail has come: the spam folder, the address, how to ask again');
  await walk.press(t('help.to_certificate'));
  await walk.send(asked(one));
  await until('mail', () => links(one, '/anshin/reissue/certificate/prove') === 1);
  walk.solved(true, 'HLP-17: asked again with the right address, and it comes');

  // The same person goes on, and the page goes white.
  const broken = await Walk.meets(await linkTo(one.address, '/anshin/reissue/certificate/prove'));
  await broken.send(proof(one));
  const shown = (await broken.text('#secret')).trim();
  await broken.meets(await linkTo(one.address, '/anshin/reissue/certificate/prove'));
  broken.solved((await broken.text('#secret')).trim() === shown, 'HLP-24: broken off half-way: the mail leads back to where it was');
  const link = await linkTo(one.address, '/anshin/download', 1);
  await (await Walk.meets(link)).download({ download_password: shown });
  const elsewhere = await Walk.meets(link);
  const file = await elsewhere.download({ download_password: shown });
  elsewhere.solved(opens(file, shown).status === 0, 'HLP-24: the file is to be had again, in another browser too');
  for (const each of [walk, broken, elsewhere]) await each.close();
}

// --- devices: 2, 21 ---

const careful = await Walk.meets('/anshin/login', owner(people.careful));
await careful.logsIn(people.careful);
await careful.meets(account);
await careful.press(title('pc_planned'));
careful.solved((await careful.steps()) === 5 && (await careful.answerEnds()) <= 1, 'HLP-2: a new PC is planned: what to do before, on one screen');
for (const words of [/ユーザ\u2060ID/, /メールアドレスを変更/, /電子証明書を再発行/, /古い端末から電子証明書を削除/]) like(await careful.text('main ol'), words, `HLP-2: ${words}`);
{
  const one = people.lost;
  const walk = await Walk.meets(members, { width: 'phone' });
  await walk.press(t('login.lost_device'));
  await walk.send(asked(one), 'main form .buttons button[type=submit]');
  await walk.followMail(one.address, '/anshin/lost/prove');
  await walk.send(proof(one));
  await walk.send({ 'device-1': true });
  walk.solved(certificatesOf(one) === 'revoked', 'HLP-21: stolen: its certificate is revoked from a borrowed phone');
  await walk.close();
}

// --- locked, and the ID forgotten: 22, 23 ---

{
  const one = people.locked;
  const walk = await Walk.meets('/anshin/login', owner(one));
  await walk.send({ user: one.user, password: one.password });
  const text = await walk.text();
  const [number] = text.match(/AN-[2-9B-Z]{8}/) ?? [''];
  walk.solved(/03-0000-0000/.test(text) && number && /20\d\d年.*に自動で解除されます/.test(text), 'HLP-22: locked: whom to call, which number to quote, and when it opens');
  like(htanshin('find', number).out, new RegExp(`about:\\s+account[\\s\\S]*${one.user}`), 'HLP-22: which the help desk finds');
  later(31 * 60);
  await walk.meets('/anshin/login');
  await walk.send({ user: one.user, password: one.password });
  walk.solved(walk.path() === members, 'HLP-22: and then it is open');
  await walk.close();
}
{
  const one = people.lost;
  const walk = await Walk.meets(members);
  await walk.press(t('common.help'));
  await walk.press(title('id_forgotten'));
  const mails = letters(one.address);
  ok(mails.length > 1 && mails.every((mail) => mail.text.includes(one.user)), 'HLP-23: ID forgotten: it stands in the mails of before, as the answer says');
  await walk.press(t('help.to_user_id'));
  await walk.send({ address: ` ${one.address.toUpperCase()}` }, 'main form .buttons button[type=submit]');
  const mail = await mailTo(one.address, /■ ユーザID/);
  walk.solved(mail.text.split(/\r?\n/).includes(one.user), 'HLP-23: and one that tells it comes for the asking');
  await walk.photograph('trouble-id');
  await walk.close();
}

// --- time goes by: 18, 20, 5, 4 ---

const ended = await Walk.meets('/anshin/login', owner(people.ended));
await ended.logsIn(people.ended);
{
  const one = people.waits;
  const walk = await Walk.meets(members);
  await walk.press(t('common.help'));
  await walk.press(title('mail_missing'));
  await walk.press(t('help.to_resend'));
  await walk.send(asked(one), 'main form .buttons button[type=submit]');
  await walk.followMail(one.address, '/anshin/download', 1);
  walk.solved((await walk.heading()) === t('download.title'), 'HLP-17: the mail about the certificate has not come: it is sent again, and leads to the download');
  await walk.close();
}
{
  const one = people.late;
  const link = await linkTo(one.address, '/anshin/download');
  later(8 * 86400);
  const walk = await Walk.meets(link);
  is(await walk.heading(), t('link_invalid.title_expired'), 'HLP-18: a week later the link has ended');
  await walk.press(t('link_invalid.to_again'));
  await reissue(walk, one);
  await walk.followMail(one.address, '/anshin/download', 1);
  walk.solved((await walk.heading()) === t('download.title'), 'HLP-18: a new link works, by himself');
  await walk.close();
}
await careful.logsIn(people.careful);
await careful.meets(account);
await careful.press(title('several_devices'));
like(await careful.text('main ol'), /一台を何人かで使う場合/, 'HLP-20: several persons at one PC: what to do');
await careful.press(t('account.add'));
const second = { address: 'second@example.jp', address_confirm: 'second@example.jp', label: 'pc-2', 'kind-pc': true };
await careful.send(second);
await careful.send();
await mailTo(second.address, /\/anshin\/download/);
careful.solved(await careful.has('#secret'), 'HLP-20: one person at several PCs: a certificate for each, by its name');
await careful.meets(account);
like(await careful.text('table'), /pc-1[\s\S]*pc-2/, 'HLP-20: and told apart');
later(11 * 86400);
await careful.logsIn(people.careful);
await careful.meets(account);
const table = await careful.text('table');
ok(table.match(/あと\d+日/g)?.length === 2 && table.match(/更新/g)?.length === 1, 'HLP-5: each certificate has its end, and the one in use its renewal', table);
await careful.press(`${t('account.renew')} (${t('labels.terminal')} 1 (pc-1))`);
careful.solved((await careful.heading()) === t('renewal.title'), 'HLP-5: which must be renewed, and there it is (of others: with issue 12)');
later(31 * 86400);
{
  const one = people.ended;
  const walk = await ended.withoutCertificate(members);
  like(await walk.text('#summary'), /期限が切れました/, 'HLP-4: ended unnoticed: the page says so, though the browser offers none');
  const { opened } = await replace(walk, one);
  walk.solved(opened, 'HLP-4: and a new certificate is fetched');
  await walk.photograph('trouble-ended');
  await walk.close();
}
for (const walk of [careful, ended]) await walk.close();
done();
