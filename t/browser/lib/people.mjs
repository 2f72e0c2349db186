// What people do on the pages, and what reaches them: users of the server, their mail, registration, download, login.
//
//   const taro = addUser('p-01-usr001', { method: 'certificate' });    taro.url, taro.code, taro.address
//   await register(person, taro);                                      sets taro.downloadPassword
//   await fetchCertificate(person, taro);                              mail, download, pk12util; a fresh browser
//   await login(person, taro);
//   const letter = await mailTo(taro.address, /再発行/);               subject, text, headers
//   say('ja', 'errors.login_remaining', { remaining: 2 })              the text of a language file
import fs from 'node:fs';
import path from 'node:path';
import { createHmac } from 'node:crypto';
import { facts, htanshin, like, ok, run } from './browser.mjs';
import { plural } from './states.mjs';

const languages = Object.fromEntries(
  ['ja', 'en'].map((language) => [
    language,
    JSON.parse(fs.readFileSync(path.join(facts.root, 'share', 'lang', `${language}.json`), 'utf8')),
  ]),
);

export function say(language, key, values = {}) {
  const text = key.split('.').reduce((node, name) => node?.[name], languages[language]);
  if (typeof text !== 'string') throw new Error(`no text ${key} in ${language}`);
  return plural(text, values).replace(/\{\{(\w+)\}\}/g, (all, name) => values[name]);
}

export function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

// Wait until something is true (what it is comes back), or break off.
export async function until(what, find, seconds = 90) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await pause(50);
  }
}

// Put the clock of a server that has one of its own (clock => 1) forward; browsers keep theirs.
export function later(seconds) {
  const told = Buffer.alloc(8);
  told.writeBigInt64LE(BigInt(seconds));
  fs.writeFileSync(path.join(facts.root, 'run', 'later'), told, { flag: 'r+' });
}

// --- users ---

let people = 0;

export function addUser(user, { method = 'certificate', kind = 'pc', contract = 'p-01', address } = {}) {
  people += 1;
  const account = {
    user,
    method,
    contract,
    address: address ?? `taro${people}@example.jp`,
    password: 'Umi-to-yama-7',
    question: 'pet',
    answer: 'ポチ',
  };
  const made = htanshin(
    '--contract',
    contract,
    'user',
    'add',
    user,
    '--method',
    method,
    '--terminal',
    kind,
    '--address',
    account.address,
  );
  if (made.status !== 0) throw new Error(`htanshin user add ${user}: ${made.err}`);
  [account.url] = made.out.match(/https:\/\/\S+/);
  [, account.code] = made.out.match(/code:\s*(\S+)/);
  return account;
}

// --- mail ---

function decodeWords(text) {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?UTF-8\?B\?([^?]*)\?=/gi, (all, word) => Buffer.from(word, 'base64').toString('utf8'));
}

function readLetter(file) {
  const raw = fs.readFileSync(file, 'utf8');
  const at = raw.search(/\r?\n\r?\n/);
  const headers = {};
  for (const line of raw
    .slice(0, at)
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)) {
    const [, name, value] = line.match(/^([^:]+):\s*(.*)$/) ?? [];
    if (name) headers[name.toLowerCase()] = decodeWords(value);
  }
  const body = raw.slice(at).trimStart();
  const base64 = /base64/i.test(headers['content-transfer-encoding'] ?? '');
  return { headers, subject: headers.subject, text: base64 ? Buffer.from(body, 'base64').toString('utf8') : body };
}

// All mail to an address that lies in the Maildir, oldest first.
export function letters(address) {
  const directory = path.join(facts.state, 'mail', 'new');
  if (!fs.existsSync(directory)) return [];
  return fs
    .readdirSync(directory)
    .map((name) => path.join(directory, name))
    .sort((a, b) => fs.statSync(a).mtimeMs - fs.statSync(b).mtimeMs || (a < b ? -1 : 1))
    .map(readLetter)
    .filter((letter) => letter.headers.to?.replace(/^.*<|>.*$/g, '') === address);
}

// The newest mail to an address whose text matches; waits for it. after: so many that match were there before.
export async function mailTo(address, pattern, after = 0) {
  const matching = () => letters(address).filter((letter) => pattern.test(letter.text));
  const found = await until(`mail to ${address} with ${pattern}`, () => {
    const all = matching();
    return all.length > after && all;
  });
  return found.at(-1);
}

// The link of a mail whose path ends in this.
export async function linkTo(address, where, after = 0) {
  const pattern = new RegExp(`https://\\S+${where}\\?t=[\\w-]+`);
  return (await mailTo(address, pattern, after)).text.match(pattern)[0];
}

// --- what one does ---

export function credentials(account) {
  return {
    password: account.password,
    password_confirm: account.password,
    question: account.question,
    answer: account.answer,
  };
}

// From the registration URL to the last page.
export async function register(person, account) {
  await person.open(account.url);
  await person.send({ code: account.code });
  await person.send(credentials(account));
  if (person.path() !== '/anshin/register/done')
    throw new Error(`registration of ${account.user} ends at ${person.page.url()}`);
  if (account.method === 'certificate') account.downloadPassword = (await person.text('#secret')).trim();
}

// What pk12util has put into the NSS database of a person or a home: the names of certificates with a key.
export function keysOf(person) {
  return run('certutil', ['-d', person.database, '-L'])
    .out.split('\n')
    .filter((line) => /\bu,u,u\s*$/.test(line))
    .map((line) => line.replace(/\s+u,u,u\s*$/, ''));
}

// Wait for the mail, download, import, and start the browser anew as the page says.
export async function fetchCertificate(person, account, after = 0) {
  await person.open(await linkTo(account.address, '/anshin/download', after));
  await person.fill({ download_password: account.downloadPassword });
  account.file = await person.download(() => person.page.locator('form[action*="/download?"] button[type=submit]').click());
  person.importCertificate(account.file, account.downloadPassword);
  await person.start();
}

// From wherever: the login page, ID and password.
export async function login(person, account, { where = '/anshin/login', password = account.password } = {}) {
  await person.open(where);
  await person.send({ user: account.user, password });
}

// A complaint stands beside its field and is tied to it; the summary is what has the focus.
export async function complains(person, field, text, what) {
  const input = person.page.locator(`[id="${field}"]`);
  const beside = await person.page
    .locator(`[id="${field}-error"]`)
    .innerText()
    .catch(() => '(nothing)');
  ok(beside.includes(text), `${what}: the message stands beside the field`, `${beside}\nwanted: ${text}`);
  like(await input.getAttribute('aria-describedby'), new RegExp(`\\b${field}-error\\b`), `${what}: and is tied to it`);
  if (person.script) {
    ok(
      await person.page.evaluate(() => document.activeElement?.id === 'summary'),
      `${what}: the summary has the focus`,
    );
  }
}

// --- one-time passwords of an authenticator app (RFC 6238), by ourselves ---

export function totp(base32, steps = 0, at = Date.now()) {
  const bits = [...base32.replace(/\s/g, '')]
    .map((sign) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from(bits.match(/[01]{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1000000).padStart(6, '0');
}
