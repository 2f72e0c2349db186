// A tour of every page in Japanese, at a desktop and as narrow as pages come; photographs at both widths. English pages differ in
// their words alone, which pages.t sees at every width.
import { checkHtml, done, facts, ok, Person } from './lib/browser.mjs';
import {
  addUser,
  credentials,
  fetchCertificate,
  linkTo,
  login,
  mailTo,
  pause,
  register,
  say,
  totp,
} from './lib/people.mjs';

async function tour(language, width) {
  const t = (key, values) => say(language, key, values);
  const user = (name, choices = {}) =>
    addUser(`${choices.contract ?? 'p-01'}-${name}-${language}`, {
      address: `${name}-${language}@example.jp`,
      ...choices,
    });
  const form = (id) => `form:has(#${id}) button[type=submit]`;
  const first = await Person.create({ language, width });

  // --- nobody is logged in ---

  const guest = await first.another();
  const visit = async (person, places) => {
    for (const [name, place] of Object.entries(places)) {
      await person.open(place);
      await person.look(name);
    }
  };
  // A page that leads on by itself: to where it leads is out of reach meanwhile.
  const stay = async (person, name, place) => {
    await person.page.route('**/anshin/', (route) => route.abort('aborted'));
    await visit(person, { [name]: place });
    await person.page.unroute('**/anshin/');
  };
  await visit(guest, {
    login: '/anshin/login',
    help: '/anshin/help',
    'help-import': '/anshin/help/import',
    'help-certificate': '/anshin/help/certificate',
    'help-trouble': '/anshin/help/trouble?about=remembered',
    'reissue-password': '/anshin/reissue/password',
    'reissue-certificate': '/anshin/reissue/certificate',
    'error-not-found': '/anshin/nothing-here',
    'link-invalid': '/anshin/register?t=none',
  });
  await guest.open('/anshin/login');
  await guest.send({ user: 'somebody', password: 'Not-this-one-1' });
  await guest.look('login-wrong');
  await guest.open('/anshin/login');
  await guest.page.context().clearCookies();
  await guest.send({ user: 'somebody', password: 'Not-this-one-1' });
  await guest.look('error-csrf');
  const locked = user('locked', { method: 'password' });
  await register(guest, locked);
  for (let i = 0; i < 3; i += 1) await login(guest, locked, { password: 'Not-this-one-1' });
  await guest.look('locked');
  const narrow = await first.another({ site: facts.narrow });
  for (let i = 0; i < 6; i += 1) await login(narrow, locked, { password: 'Not-this-one-1' });
  await narrow.look('too-many');
  await narrow.close();
  await guest.close();

  // --- registration, download, the account of a certificate user ---

  const member = user('member');
  await first.open(member.url);
  await first.look('register-code');
  await first.send({ code: 'wrong' });
  await first.look('register-code-wrong');
  await first.send({ code: member.code });
  await first.look('register-credentials');
  await first.send({ password: 'member', password_confirm: 'x', answer: '' });
  await first.look('register-credentials-wrong');
  await first.send(credentials(member));
  await first.look('register-done');
  member.downloadPassword = (await first.text('#secret')).trim();
  await first.open(await linkTo(member.address, '/anshin/download'));
  await first.look('download');
  await first.send({ download_password: 'wrong' });
  await first.look('download-wrong');
  await first.fill({ download_password: member.downloadPassword });
  member.file = await first.download(() => first.page.locator('form[action*="/download?"] button[type=submit]').click());
  await first.look('download-fetched');
  await first.press(t('download.finish'));
  await first.look('download-done');
  first.importCertificate(member.file, member.downloadPassword);
  await first.start();
  await first.open('/anshin/login');
  await first.look('login-certificate');
  await first.open('/anshin/help/certificate');
  await first.look('help-certificate-good');
  await login(first, member);
  await first.look('home');
  await stay(first, 'login-on', '/anshin/login/on');
  await first.open('/anshin/terminal/add');
  await first.look('terminal-add');
  await first.send({ address: 'none', address_confirm: 'other' });
  await first.look('terminal-add-wrong');
  const address = `second.terminal.of.mine-${language}@example.jp`;
  await first.send({ address, address_confirm: address, 'kind-smartphone': true });
  await first.look('terminal-confirm-add');
  await first.send();
  await first.look('terminal-done-add');
  await visit(first, {
    account: '/anshin/account',
    password: '/anshin/password',
    question: '/anshin/question',
    'history-one-page': '/anshin/history',
    'sessions-alone': '/anshin/sessions',
    'terminal-change': '/anshin/terminal/change?n=2',
    method: '/anshin/method',
    logout: '/anshin/logout',
  });
  await first.open('/anshin/terminal/change?n=2');
  const moved = `moved-${language}@example.jp`;
  await first.send({ address: moved, address_confirm: moved, 'kind-mobile': true });
  await first.look('terminal-confirm-change');
  await first.send();
  await first.look('terminal-done-change');
  await first.open('/anshin/terminal/delete?n=2');
  await first.look('terminal-confirm-delete');
  await first.send();
  await first.look('terminal-done-delete');
  await first.open('/anshin/password');
  await first.send({ current: 'wrong', password: 'short', password_confirm: 'other' });
  await first.look('password-wrong');
  await first.send({ current: member.password, password: 'Kawa-to-mori-8', password_confirm: 'Kawa-to-mori-8' });
  await first.look('password-done');
  await first.open('/anshin/question');
  await first.send({ current: 'wrong', question: '', answer: '' });
  await first.look('question-wrong');

  // --- reissue of the certificate ---

  await first.open('/anshin/reissue/certificate');
  await first.send({ user: '', address: '' });
  await first.look('reissue-certificate-wrong');
  await first.send({ user: member.user, address: member.address });
  await first.look('reissue-certificate-sent');
  await first.open(await linkTo(member.address, '/anshin/reissue/certificate/prove'));
  await first.look('reissue-certificate-prove');
  await first.send({ question: 'pet', answer: 'wrong' });
  await first.look('reissue-certificate-prove-wrong');
  await first.send({ question: 'pet', answer: member.answer });
  await first.look('reissue-certificate-done');

  // --- somebody with ID and password, then one-time passwords ---

  const second = await first.another();
  const plain = user('plain', { method: 'password' });
  await register(second, plain);
  await second.look('register-done-password');
  await second.open('/anshin/reissue/password');
  await second.send({ user: plain.user, address: plain.address });
  await second.look('reissue-password-sent');
  await second.open(await linkTo(plain.address, '/anshin/reissue/password/prove'));
  await second.look('reissue-password-prove');
  await second.send({ question: 'pet', answer: plain.answer });
  await second.look('reissue-password-done');
  const fresh = (await second.text('#secret')).trim();
  await login(second, plain, { password: fresh });
  await second.look('login-change');
  await second.send({ password: 'short', password_confirm: 'other' });
  await second.look('login-change-wrong');
  await second.send({ password: (plain.password = 'Sora-to-kumo-5'), password_confirm: plain.password });
  const third = await first.another();
  await login(third, plain);
  await visit(second, { 'account-password': '/anshin/account', sessions: '/anshin/sessions' });
  await second.send({}, 'form:has(input[name=all]) button');
  await second.look('sessions-ended');
  await third.close();
  await second.open('/anshin/method');
  await second.send({ 'method-otp': true });
  await second.look('method-confirm-otp');
  await second.send();
  await second.look('method-done-otp');
  await login(second, plain);
  await second.look('login-code');
  await second.press(t('login_code.send'));
  await second.look('login-code-sent');
  const { text } = await mailTo(plain.address, /\b\d{6}\b/);
  await second.send({ code: '12' }, form('code'));
  await second.look('login-code-wrong');
  await second.send({ code: text.match(/\b\d{6}\b/)[0] }, form('code'));
  await second.open('/anshin/account/authenticator');
  await second.look('authenticator');
  const key = await second.text('#secret');
  await second.send({ code: '12' }, form('code'));
  await second.look('authenticator-wrong');
  await second.send({ code: totp(key) }, form('code'));
  await second.look('authenticator-done');
  await second.open('/anshin/account');
  await second.look('account-authenticator');
  await second.open('/anshin/method');
  await second.send({ 'method-certificate': true });
  await second.look('method-confirm-certificate');
  await second.send();
  await second.look('method-done-certificate');
  await login(second, { user: 'p-01-busy', password: 'Umi-to-yama-7' });
  await visit(second, { history: '/anshin/history?page=2' });
  await second.press(t('common.logout'));
  await second.look('logged-out');
  await second.close();

  // --- passwords that age ---

  const aged = await first.another({ site: facts.aged });
  const old = user('old', { method: 'password', contract: 'aged' });
  await register(aged, old);
  await login(aged, old);
  await aged.look('home-days-left');
  await pause(1100);
  await aged.open('/anshin/terminal/add');
  await aged.look('reauthenticate');

  // --- an address that is confirmed by a code ---

  const coded = await first.another({ site: facts.coded });
  const careful = user('careful', { method: 'password', contract: 'coded' });
  await register(coded, careful);
  await login(coded, careful);
  await coded.open('/anshin/terminal/add');
  const confirmed = `confirmed.by.a.code-${language}@example.jp`;
  await coded.send({ address: confirmed, address_confirm: confirmed, 'kind-smartphone': true });
  await coded.look('terminal-confirm-code');
  await coded.send();
  await coded.look('terminal-code');
  await coded.send({ code: '12' }, form('code'));
  await coded.look('terminal-code-wrong');
  await first.close();
}

await tour('ja', 'desktop');
ok(true, 'the tour is at its end');
await checkHtml();
done();
