// Made-up data for every page in every state, as the handlers would fill it in: name: [template, data]. What the data means
// stands at the templates and in the handlers; the names here are those of the photographs.
import { deskStates } from './desk-states.mjs';

const base = '/anshin';

// The s of a number that is not one.
export function plural(text, values) {
  return text.replace(/\{\{\^one\}\}(.*?)\{\{\/one\}\}/g, Object.values(values).includes(1) ? '' : '$1');
}

// {{name}} in a text, filled in as the handlers do it.
function fill(text, values) {
  return plural(text, values).replace(/\{\{(\w+)\}\}/g, (tag, name) => {
    if (!(name in values)) throw new Error(`no value for ${tag} in: ${text}`);
    return values[name];
  });
}

// A square that looks like a QR code; nobody reads it.
function square() {
  const size = 37;
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
  const corner = (x, y) => {
    const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
    return ring > 3 ? undefined : ring !== 2;
  };
  let drawing = '';
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const fixed = corner(x, y) ?? corner(size - 1 - x, y) ?? corner(x, size - 1 - y);
      if (fixed ?? random() < 0.48) drawing += `M${x} ${y}h1v1h-1z`;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="QR" viewBox="-4 -4 ${size + 8} ${size + 8}" `
    + `width="225" height="225"><path fill="#000" d="${drawing}"/></svg>`;
}

export function states(language, texts) {
  const ja = language === 'ja';
  const text = (key, values = {}) => fill(key.split('.').reduce((object, part) => object[part], texts), values);
  // As modules/portal/pages/guide.c puts them.
  const drawings = { windows: ['file', 'wizard', 'password', 'wizard', 'done'],
    firefox: ['settings', 'list', 'file', 'password', 'list'], mac: ['file', 'keychain', 'password', 'unlock'],
    mac_profile: ['file', 'settings', 'wizard', 'password', 'done'],
    ios: ['phone-file', 'phone-settings', 'phone-unlock', 'password', 'done'],
    android: ['phone-file', 'phone-settings', 'password', 'phone-unlock', 'choose'],
    linux: ['settings', 'list', 'file', 'password', 'list'] };
  const guides = (own, device, browser) => {
    const made = Object.entries(drawings).map(([id, images]) => ({ id, title: texts.help_import[id].title,
      steps: images.map((image, i) => ({ image, text: (i === 0 && id === own && texts.help_import[id][`in_${browser}`])
        || texts.help_import[id][`s${i + 1}`] })) }));
    return { guide: made.find((guide) => guide.id === own), guide_device: device, guide_browser: browser,
      guides: made.filter((guide) => guide.id !== own) };
  };
  const required = (field) => text('errors.required', { label: texts.labels[field] });
  const list = (group, selected) => Object.entries(texts[group]).map(([id, words]) => ({ id, text: words,
    selected: id === selected }));
  const link = (place) => `${base}/${place}`;

  // --- the frame ---

  const visitor = (page = {}, more = {}) => ({
    base,
    origin: 'https://login.kashiwa-shinkin.example',
    csrf: 'token',
    flow: '0123456789abcdef',
    contract: { name: 'sample', title: ja ? 'かしわ信用金庫 オンライン窓口' : 'Kashiwa Shinkin Online' },
    support: 'ヘルプデスク 0120-000-000',
    support_parts: [{ text: 'ヘルプデスク ' }, { text: '0120-000-000', url: 'tel:0120000000' }],
    languages: [{ code: 'ja', name: '日本語', url: '?lang=ja', current: ja }, { code: 'en', name: 'English',
      url: '?lang=en', current: !ja }],
    errors: [],
    field: {},
    page,
    ...more,
  });
  const entries = ['account', 'password', 'question', 'history', 'method', 'sessions'];
  const member = (current, page, more = {}) => visitor(page, {
    user: { id: 'hanako.suzuki' },
    has_menu: true,
    session_end: { left: 1800, before: 120, of: 'hanako.suzuki.1', login_url: link('login?return=r') },
    menu: [{ url: link(''), text: text('menu.home'), current: current === 'home' },
      ...entries.map((name) => ({ url: link(name), text: text(`menu.${name}`), current: name === current }))],
    ...more,
  });
  // A time as the portal tells it (core/base/date_text): with seconds in tables.
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const moment = (name, given) => {
    const [year, month, day, hour, minute, second = '07'] = given.split(/\D/);
    const table = name === 'at' || name === 'seen';
    const plain = ja ? `${year}年${+month}月${+day}日 ${+hour}時${+minute}分`
      : `${+day} ${months[month - 1]} ${year}, ${hour}:${minute} (UTC+09:00)`;
    const long = ja ? `${year}/${month}/${day} ${hour}:${minute}:${second}`
      : `${+day} ${months[month - 1]} ${year}, ${hour}:${minute}:${second} (UTC+09:00)`;
    return { [`${name}_text`]: table ? long : plain, [`${name}_iso`]: `${year}-${month}-${day}T${hour}:${minute}:${second}Z` };
  };
  // As anshin_page_say_time() in page.c puts it.
  const sentence = (name, key, at, iso = '2026-11-22T15:35:00Z') => {
    const time = moment('time', at).time_text;
    const [before, after] = text(key, { time: '@' }).split('@');
    return { [`${name}_text`]: text(key, { time }), [name]: { before, iso, time, after } };
  };
  // As anshin_page_long() in page.c puts it.
  const long = (name, words) => ({ [name]: words, [`${name}_parts`]: (words.length > 24 ? words.match(/[^@:.-]*[@:.-]|[^@:.-]+$/g)
    : [words]).map((part, i) => ({ text: part, first: i === 0 })) });
  const life = { life: { seconds: 299, ...moment('until', '2026-11-22 15:35'), left_text: text('life.minutes', { number: 5 }) } };
  const steps = (names, current) => ({
    steps: names.map((name, i) => ({ text: text(`steps.${name}`), number: i + 1, current: i === current,
      done: i < current })),
  });
  // The box above the form names each field as the portal does (say_error() in page.c); other: labels of this page alone.
  const fieldLabels = { ...texts.labels, label: texts.labels.terminal_label, device: texts.labels.terminal,
    terminal: texts.labels.send_to };
  const renewed = { password: texts.labels.new_password, password_confirm: texts.labels.new_password_confirm };
  const named_by = (label, words) => (words.toLowerCase().includes(label.toLowerCase()) ? words : `${label}: ${words}`);
  const wrong = (fields, other = {}) => ({
    has_errors: true,
    errors: Object.entries(fields).map(([field, words]) => ({ field, text: named_by(other[field] ?? fieldLabels[field], words) })),
    field: Object.fromEntries(Object.entries(fields).map(([field, words]) => [field, { value: 'x', invalid: true,
      errors: [{ text: words }] }])),
  });
  const alert = (kind, words) => ({ alert: { [kind]: true, text: words } });

  // --- what several pages show ---

  const registration = ['register_code', 'register_credentials', 'register_done'];
  const fetching = ['download_file', 'download_import', 'download_done'];
  const editing = ['terminal_edit', 'terminal_confirm', 'terminal_done'];
  const confirming = ['terminal_edit', 'terminal_confirm', 'terminal_code', 'terminal_done'];
  const changing = ['method_choose', 'method_confirm', 'method_done'];
  const renewing = ['renewal_confirm', 'renewal_done'];
  const reissuing = ['reissue_request', 'reissue_sent', 'reissue_prove', 'reissue_done'];
  const losing = ['reissue_request', 'reissue_sent', 'reissue_prove', 'lost_choose', 'lost_done'];
  const rules = [text('policy.length', { min: 8, max: 32 }), text('policy.characters'), text('policy.no_user'),
    text('policy.no_address'), text('policy.not_used', { count: 3 })].map((words, i) => ({
    text: words, pattern: i === 0 ? '^.{8,32}$' : undefined }));
  const questions = list('questions', 'pet');
  const kinds = list('terminal_kinds', 'pc');
  const methods = list('methods', 'otp').map((method) => ({ ...method,
    description: text(`methods_description.${method.id}`) }));
  const login_url = link('login');
  const cancel_url = link('account');
  const action_url = link('x');
  const pc = texts.terminal_kinds.pc;
  const smartphone = texts.terminal_kinds.smartphone;
  const labels = ['', '<b>あんしん薬局 本店 調剤室 1号機</b>', ''];
  const terminal = (number) => ({ number, label: labels[number - 1] || undefined,
    terminal_text: labels[number - 1] ? `${number} (${labels[number - 1]})` : `${number}` });
  const terminals = [
    { ...terminal(1), kind_text: pc, ...long('address', 'hanako.suzuki@example.co.jp'), ...moment('expires', '2027-11-22 09:00'),
      ...long('certificate_name', 'hanako.suzuki 2026-11-22 #2'), can_change: true, change_url: link('a'), can_lose: true, lost_url: link('f') },
    { ...terminal(2), kind_text: smartphone, ...long('address', 'hanako@mobile.example.jp'), pending: true,
      download_password: 'uDPBG4S5', can_change: true, can_lose: true, lost_url: link('g'),
      change_url: link('b'), can_delete: true, delete_url: link('c') },
    { ...terminal(3), kind_text: texts.terminal_kinds.mobile,
      ...long('address', 'somebody.with.a.long.name@mail.department.example.co.jp'), can_change: true,
      change_url: link('d'), can_delete: true, delete_url: link('e') },
  ];
  const losable = [{ ...terminal(1), kind_text: pc, name: 'hanako.suzuki 2026-11-22',
    ...moment('expires', '2027-11-22 09:00'), selected: true },
  { ...terminal(2), kind_text: smartphone }];
  const ways = [{ terminal: 1, kind_text: pc, address: 'ha***@example.co.jp', selected: true },
    { terminal: 2, kind_text: smartphone, address: 'ha***@mobile.example.jp' }];
  const records = ['login_ok', 'wrong_password', 'login_ok', 'terminal_added', 'wrong_certificate', 'logout',
    'downloaded',
    'wrong_download_password', 'password_ok', 'registered'].map((result, i) => ({
    at_text: `1${9 - i}:05:45`,
    at_iso: `2026-11-2${i < 5 ? 2 : 1}T0${9 - i}:05:45Z`,
    unknown_url: link('history/unknown'),
    client: i === 1 ? undefined : 'Chrome, Windows',
    ...long('address', i === 2 ? '2001:db8:85a3:8d3:1319:8a2e:370:7348' : '203.0.113.24'),
    result_text: text(`history.${result}`),
    good: result === 'login_ok',
    failed: result.startsWith('wrong'),
    ...(i % 3 ? {} : terminal(i % 2 + 1)),
  }));
  const day = (number) => (ja ? `2026年11月${number}日` : `${number} Nov 2026 (UTC+09:00)`);
  const days = [{ word: text('history.today'), day_text: day(22), entries: records.slice(0, 5) },
    { day_text: day(20), entries: records.slice(5) }];
  const filter = { all_url: link('history'), failed_url: link('history?only=failed') };
  const sessions = [
    { key: 'a', ...moment('at', '2026-11-22 09:12'), ...moment('seen', '2026-11-22 15:30'), ...long('address', '203.0.113.24'),
      client: 'Firefox, Linux', ...terminal(1), kind_text: pc, current: true },
    { key: 'b', ...moment('at', '2026-11-22 08:01'), ...moment('seen', '2026-11-22 08:44'),
      ...long('address', '2001:db8:85a3:8d3:1319:8a2e:370:7348'), ...terminal(2), kind_text: smartphone },
    { key: 'c', ...moment('at', '2026-11-21 20:15'), ...moment('seen', '2026-11-21 20:40'), ...long('address', '198.51.100.7') }];
  // As modules/portal/response/trouble.c puts them.
  const trouble_link = (name) => ({ title: text(`help_trouble.${name}.title`), url: link(`help/trouble?about=${name}`) });
  const troubles = (...names) => ({ has_troubles: true, troubles: names.map(trouble_link) });
  const troubled = (names) => [{ title: text('help.group_device'), troubles: names.slice(0, 5).map(trouble_link) },
    { title: text('help.group_choice'), troubles: names.slice(5).map(trouble_link) }];
  const places = { help_undo: ['ios', 'android', 'edge', 'chrome', 'firefox', 'safari'],
    help_remove: ['ios', 'android', 'firefox', 'windows', 'mac', 'linux'] };
  const varied = (group, own) => ({ own: own && text(`${group}.${own}`), [own ? 'folded' : 'open']: true,
    others: places[group].filter((place) => place !== own).map((place) => ({ text: text(`${group}.${place}`) })) });
  const answered = (name, names, ways, more = {}) => ['help-trouble', visitor({ lead: text(`help_trouble.${name}.lead`),
    answer: names.map((step) => ({ text: text(`help_trouble.${name}.${step}`), ...more[step],
      ...(ways[step] ? { url: ways[step][0], label: text(ways[step][1]) } : {}) })) },
  { title: text(`help_trouble.${name}.title`) })];
  const help = (reason, more = {}) => ['help-certificate', visitor(
    { reason, [`reason_${reason}`]: true, number: reason === 'good' ? undefined : 'AN-7F3K9QXB', login_url, ...more },
    { title: text(`help_certificate.reason_${reason}.title`) })];
  const failure = (name, status, more) => ['error', visitor({ text: text(`error.${name}.text`), status, ...more },
    { title: text(`error.${name}.title`) })];
  const titled = (key) => ({ title: text(key) });
  // What a flow has done, on the page at its end.
  const outcome = (number, address, more = {}) => ({ outcome: { user: 'hanako.suzuki', ...moment('when', '2026-11-22 09:05'),
    ...(number ? { terminal: { ...terminal(number), kind_text: smartphone, address } } : {}) }, ...more });
  // As modules/portal/pages/course.c puts it: the step that is next, and what hinders it.
  const course = (next, hint) => ({ course: { steps: ['registered', 'mailed', 'downloaded', 'imported', 'logged_in'].map((name, i) => ({
    text: text(`course.${name}`), state_text: text(`course.${i < next ? 'done' : i === next ? 'current' : 'to_come'}`),
    done: i < next, current: i === next,
    ...(i === 1 ? { address: 's***y@department.example.co.jp', ...(next > 1 ? moment('when', '2026-11-22 09:06') : {}) } : {}),
    ...(i === next && hint ? { hint_text: text(`course.${hint}`) } : {}) })) } });
  const waits = (...rows) => ({ has_waits: true, waits: rows });
  const named = { name: 'hanako.suzuki', ...moment('not_after', '2026-11-01 10:00') };

  return {
    // login and its steps
    login: ['login', visitor({ show_certificate_link: true, password_reissue_url: link('a'), user_id_url: link('user-id'),
      certificate_reissue_url: link('b'), resend_url: link('resend'), lost_url: link('lost'), code_url: link('code'), help_url: link('help') })],
    'login-wrong': ['login', visitor({ certificate_name: 'hanako.suzuki',
      remaining_text: text('errors.login_remaining', { remaining: 4 }) },
      alert('error', text('errors.login_wrong')))],
    'login-empty': ['login', visitor({}, wrong({ user: required('user'), password: required('password') }))],
    'login-ended': ['login', visitor({}, alert('notice', text('alerts.session_ended_elsewhere')))],
    'login-code': ['login-code', visitor({ can_send: true, several: true, ways, cancel_url: login_url, return: 'r' })],
    'login-code-one': ['login-code', visitor({ can_send: true, ways: ways.slice(0, 1), cancel_url: login_url })],
    'login-code-sent': ['login-code', visitor({ ...life, can_enter: true, can_send: true, several: true, ways, cancel_url: login_url,
      sent_text: text('login_code.sent', { address: 'ha***@example.co.jp' }) })],
    'login-code-app': ['login-code', visitor({ app: true, can_enter: true, can_send: true, several: true, ways, cancel_url: login_url })],
    'login-code-wrong': ['login-code', visitor({ app: true, can_enter: true, cancel_url: login_url },
      wrong({ code: text('errors.code_wrong_remaining', { remaining: 2 }) }))],
    'login-code-no-way': ['login-code', visitor({ can_send: true, several: true, ways, cancel_url: login_url },
      wrong({ terminal: text('errors.choose') }))],
    'login-change': ['login-change', visitor({ rules, change: true, user: 'hanako.suzuki', cancel_url: login_url,
      reason_text: text('login_change.reason_expired') })],
    'login-change-wrong': ['login-change', visitor({ rules, change: true, user: 'hanako.suzuki', cancel_url: login_url,
      reason_text: text('login_change.reason_reissued') },
      wrong({ password: text('rules.blocklisted'), password_confirm: text('rules.mismatch') }, renewed))],
    locked: ['locked', visitor({ account: true, number: 'AN-7F3K9QXB', lost_url: link('lost') })],
    'locked-registration': ['locked', visitor({ registration: true, number: 'AN-7F3K9QXB' }, titled('locked.title_registration'))],
    'locked-download': ['locked', visitor({ download: true, number: 'AN-7F3K9QXB',
      certificate_reissue_url: link('reissue/certificate'), lost_url: link('lost') }, titled('locked.title_download'))],
    'locked-lost': ['locked', visitor({ lost: true }, titled('locked.title_lost'))],
    'locked-answer': ['locked', visitor({ account: true, ...sentence('unlock', 'locked.unlock', '2026-11-22 16:00') })],
    logout: ['logout', member('', {})],
    'logged-out': ['logged-out', visitor()],

    // registration and download
    'register-code': ['register-code', visitor({ ...life, code_label: text('register_code.label') }, steps(registration, 0))],
    'register-code-wrong': ['register-code', visitor({ code_label: text('register_code.label') }, { ...steps(registration, 0),
      ...wrong({ code: text('errors.registration_code_wrong_remaining', { remaining: 4 }) }, { code: text('register_code.label') }) })],
    'register-credentials': ['register-credentials', visitor({ user: 'hanako.suzuki', rules, questions,
      ask_question: true }, steps(registration, 1))],
    'register-credentials-wrong': ['register-credentials', visitor({ user: 'hanako.suzuki', rules, questions,
      ask_question: true }, { ...steps(registration, 1),
      ...wrong({ password: text('rules.too_short', { min: 8 }), password_confirm: text('rules.mismatch'),
        question: text('errors.choose'), answer: required('answer'),
        label: text('errors.label_characters') }) })],
    'register-done': ['register-done', visitor(outcome(1, 'ha***@example.co.jp', { certificate: true, ...course(1, 'mailing'),
      resend_url: link('resend'), download_password: 'uDPBG4S5', seen_url: link('s') }), steps(registration, 2))],
    'register-done-seen': ['register-done', visitor(outcome(1, 'ha***@example.co.jp', { certificate: true, seen: true }),
      steps(registration, 2))],
    'register-done-password': ['register-done', visitor(outcome(1, 'ha***@example.co.jp', { login_url }),
      steps(registration, 2))],
    'register-done-otp': ['register-done', visitor(outcome(2, 'ha***@example.co.jp', { login_url, otp: true,
      app_url: link('login?return=r') }), steps(registration, 2))],
    download: ['download', visitor({ ...life, ...course(2), can_phone: true, name: 'hanako.suzuki',
      profiles: list('profiles', 'modern') }, steps(fetching, 0))],
    'download-wrong': ['download', visitor({ name: 'hanako.suzuki', profiles: list('profiles', 'modern') },
      { ...steps(fetching, 0),
      ...wrong({ download_password: text('errors.download_wrong_remaining', { remaining: 9 }),
        profile: text('errors.choose') }) })],
    'download-pending': ['download', visitor({ pending: true }, steps(fetching, 0))],
    'download-fetched': ['download', visitor({ name: 'hanako.suzuki', fetched: true, file_url: link('f'),
      profiles: list('profiles', 'compat'), ...guides('windows', texts.devices.windows, 'Chrome') },
    { ...steps(fetching, 1), title: texts.download.title_import })],
    'download-done': ['download-done', visitor(outcome(1, 'ha***@example.co.jp', { ...course(4), login_url }), steps(fetching, 2))],
    phone: ['phone', visitor({ qr_svg: square(), phone_url: `https://login.kashiwa-shinkin.example/anshin/download?t=${'w9_-'.repeat(10)}abc`, ...life, back_url: link('download') })],
    'phone-member': ['phone', member('account', { qr_svg: square(), phone_url: `https://login.kashiwa-shinkin.example/anshin/download?t=${'w9_-'.repeat(10)}abc`, ...life, member: true, back_url: link('account') })],
    'phone-used': ['phone', visitor({ used: true, back_url: link('download') })],
    'phone-over': ['phone', member('account', { member: true, back_url: link('account') })],

    // account
    home: ['home', member('home', { method_text: texts.methods.certificate, ...moment('last_login', '2026-11-21 18:04'),
      site_url: '/members/' })],
    'home-days': ['home', member('home', { method_text: texts.methods.password, days_left_text: text('home.days_left',
      { days: 9 }), password_url: link('password') })],
    'home-certificate-days': ['home', member('home', { method_text: texts.methods.certificate,
      certificate_days_text: text('home.certificate_days_left', { days: 9 }), account_url: link('account'),
      site_url: '/members/' })],
    'home-bare': ['home', visitor({ method_text: texts.methods.password, ...moment('last_login', '2026-11-21 18:04') },
      { user: { id: 'hanako.suzuki' } })],
    'account-named': ['account', member('account', { terminals: terminals.slice(0, 1), method_text: texts.methods.certificate,
      ...long('name', '寿限無寿限無五劫のすりきれ'.repeat(4)), ...long('organisation', 'Pharmacy-of-The-Long-Name.'.repeat(2)) })],
    account: ['account', member('account', { terminals, method_text: texts.methods.certificate, can_add: true,
      add_url: link('a') })],
    'account-final': ['account', member('account', { terminals, method_text: texts.methods.certificate },
      { session_end: { left: 240, final: true, before: 120, of: 'hanako.suzuki.1', login_url: link('login?return=r') } })],
    'account-days': ['account', member('account', { method_text: texts.methods.certificate,
      terminals: [{ ...terminals[0], days_left_text: text('account.days_left', { days: 9 }) }, ...terminals.slice(1)],
      certificate_ends_text: text('account.certificate_ends', { days: 9 }), reissue_url: link('reissue/certificate') })],
    'account-days-renewable': ['account', member('account', { method_text: texts.methods.certificate,
      terminals: [{ ...terminals[0], days_left_text: text('account.days_left', { days: 9 }), can_renew: true,
        renew_url: link('r') }],
      certificate_ends_text: text('account.certificate_ends', { days: 9 }), renewable: true })],
    'account-bare': ['account', member('account', { terminals: [{ ...terminals[0], can_change: false }],
      method_text: texts.methods.certificate })],
    'account-renewing': ['account', member('account', { terminals: [{ ...terminals[0], can_renew: true,
      renew_url: link('r'), renewing: true, download_password: 'uDPBG4S5' }, terminals[1]],
      method_text: texts.methods.certificate, can_add: true, add_url: link('a') })],
    'account-waits': ['account', member('account', { terminals, method_text: texts.methods.certificate, ...waits(
      { ...terminal(2), number: 2, ...course(1, 'unmailed'), can_resend: true, can_phone: true },
      { ...terminal(3), number: 3, ...course(2, 'lapsed'), reissue_url: link('reissue/certificate') }) },
    alert('success', text('alerts.resent')))],
    'account-app': ['account', member('account', { terminals: [terminals[0]], method_text: texts.methods.otp,
      totp: { enrolled: true, remove: true, enrol_url: link('a') } })],
    'account-no-app': ['account', member('account', { terminals: [terminals[0]], method_text: texts.methods.otp,
      totp: { enrolled: false, enrol_url: link('a') } })],
    authenticator: ['authenticator', member('account', { qr_svg: square(),
      secret_text: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP', app_url: 'otpauth://totp/x', cancel_url })],
    'authenticator-wrong': ['authenticator', member('account', { enrolled: true, qr_svg: square(),
      secret_text: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP', cancel_url },
      wrong({ code: text('errors.code_wrong') }))],
    password: ['password', member('password', { rules, change: true, cancel_url })],
    'password-wrong': ['password', member('password', { rules, change: true, cancel_url },
      wrong({ current: text('errors.password_wrong_remaining', { remaining: 3 }),
      password: text('rules.used_before', { count: 3 }), password_confirm: text('rules.mismatch') }, renewed))],
    question: ['question', member('question', { questions, cancel_url })],
    'question-wrong': ['question', member('question', { questions, cancel_url },
      wrong({ current: text('errors.password_wrong'),
      question: text('errors.choose'), answer: text('errors.answer_short', { min: 2 }) }))],
    done: ['done', member('password', { ...texts.done.password, next_url: link('account') },
      titled('done.password.heading'))],
    'login-on': ['done', member('', { ...texts.done.login_on, next_url: '/members/' }, titled('done.login_on.heading'))],
    history: ['history', member('history', { days, ...filter, total: 1234, many: true,
      window_text: text('history.window', { days: 31 }),
      range_text: text('history.range', { first: 61, last: 90, total: 1234 }), pages_text: text('history.pages',
        { page: 3, pages: 42 }),
      links: [1, 2, 3, 4, 5, 6, 7].map((number) => ({ number, url: `?page=${number}`, current: number === 3 })),
        previous_url: '?page=2', next_url: '?page=4' })],
    'history-failed': ['history', member('history', { ...filter, only_failed: true, days: [{ ...days[0],
      entries: records.filter(({ failed }) => failed) }], window_text: text('history.window', { days: 31 }),
      range_text: text('history.failures', { total: 3 }) })],
    'history-unknown': ['history-unknown', member('history', { entry: { ...records[0], ...moment('at', '2026-11-22 19:05') },
      sessions_url: link('sessions'), password_url: link('password'), account_url: link('account'), lock_url: link('history/lock'),
      back_url: filter.all_url })],
    'self-lock': ['self-lock', member('history', { certificates: true, notice: true, action_url, cancel_url })],
    'self-lock-done': ['self-lock-done', visitor(outcome(0, '', { number: 'AN-7F3K9QXB', lost_url: link('lost') }))],
    'history-unknown-failed': ['history-unknown', member('history', { entry: { ...records[1],
      ...moment('at', '2026-11-22 18:05') }, sessions_url: link('sessions'), back_url: filter.all_url })],
    'history-unknown-gone': ['history-unknown', member('history', { sessions_url: link('sessions'),
      back_url: filter.all_url })],
    'history-empty': ['history', member('history', { ...filter, total: 0, window_text: text('history.window',
      { days: 31 }),
      range_text: text('history.range', { first: 0, last: 0, total: 0 }) })],
    sessions: ['sessions', member('sessions', { sessions })],
    'sessions-ended': ['sessions', member('sessions', { sessions }, { alert: { success: true,
      ...sentence('sentence', 'alerts.session_ended_at', '2026-11-22 09:05') } })],
    'sessions-alone': ['sessions', member('sessions', { sessions: sessions.slice(0, 1), alone: true })],
    reauthenticate: ['reauthenticate', member('account', { cancel_url, return: 'r' })],
    'reauthenticate-wrong': ['reauthenticate', member('account', { cancel_url, return: 'r' },
      wrong({ password: text('errors.password_wrong') }))],

    // terminals
    'terminal-add': ['terminal-edit', member('account', { add: true, kinds, action_url, cancel_url },
      { ...steps(editing, 0), ...titled('terminal_edit.title_add') })],
    'terminal-add-full': ['terminal-edit', member('account', { add: true, kinds, action_url, cancel_url },
      { ...steps(editing, 0), ...titled('terminal_edit.title_add'),
      ...alert('error', text('errors.terminal_max', { max: 5 })) })],
    'terminal-change-wrong': ['terminal-edit', member('account', { change: true, terminal: terminal(2), kinds, action_url,
      cancel_url }, { ...steps(editing, 0),
      ...titled('terminal_edit.title_change'), ...wrong({ address: text('errors.address'),
        address_confirm: text('errors.address_mismatch'), kind: text('errors.choose'),
        label: text('errors.label_long') }) })],
    'terminal-confirm-add': ['terminal-confirm', member('account', { add: true, has_certificate: true,
      label: labels[1], ...long('address', 'hanako@mobile.example.jp'), kind_text: smartphone,
      action_url, cancel_url, back_url: link('b') }, { ...steps(editing, 1),
        ...titled('terminal_confirm.title_add') })],
    'terminal-confirm-code': ['terminal-confirm', member('account', { add: true, coded: true,
      ...long('address', 'hanako@mobile.example.jp'), kind_text: smartphone, action_text: text('terminal_code.send'),
      action_url, cancel_url, back_url: link('b') }, { ...steps(confirming, 1),
        ...titled('terminal_confirm.title_add') })],
    'terminal-code': ['terminal-code', member('account', { code_label: text('terminal_code.label'), action_url, cancel_url, back_url: link('b'),
      sent_text: text('terminal_code.sent', { address: 'hanako@mobile.example.jp' }) }, steps(confirming, 2))],
    'terminal-code-wrong': ['terminal-code', member('account', { code_label: text('terminal_code.label'), action_url, cancel_url, back_url: link('b'),
      sent_text: text('terminal_code.sent', { address: 'hanako@mobile.example.jp' }) },
      { ...steps(confirming, 2), ...wrong({ code: text('errors.address_code_wrong') }, { code: text('terminal_code.label') }) })],
    'terminal-confirm-change': ['terminal-confirm', member('account', { change: true, terminal: terminal(2),
      former_label: labels[1], ...long('address', 'hanako@mobile.example.jp'), kind_text: smartphone,
      ...long('former_address', 'hanako.suzuki@example.co.jp'), former_kind_text: pc, action_url, cancel_url,
        back_url: link('b') }, { ...steps(editing, 1), ...titled('terminal_confirm.title_change') })],
    'terminal-confirm-delete': ['terminal-confirm', member('account', { delete: true, terminal: terminal(2),
      ...long('address', 'hanako@mobile.example.jp'), kind_text: smartphone,
      action_url, cancel_url }, { ...steps(editing.slice(1), 0),
        ...titled('terminal_confirm.title_delete') })],
    'terminal-confirm-lost': ['terminal-confirm', member('account', { lost: true, number: 2,
      ...long('address', 'hanako@mobile.example.jp'), kind_text: smartphone,
      action_url, cancel_url }, { ...steps(editing.slice(1), 0),
        ...titled('terminal_confirm.title_lost') })],
    'terminal-done-add': ['terminal-done', member('account', outcome(2, 'hanako@mobile.example.jp', { add: true,
      download_password: 'uDPBG4S5', seen_url: link('s'), in_account: true, next_url: link('account') }), { ...steps(editing, 2), ...titled('terminal_done.title_add') })],
    'terminal-done-delete': ['terminal-done', member('account', outcome(2, 'hanako@mobile.example.jp', { delete: true,
      next_url: link('account') }),
      { ...steps(editing.slice(1), 1), ...titled('terminal_done.title_delete') })],

    // renewal
    renewal: ['renewal', member('account', { terminal: terminal(2), kind_text: smartphone,
      address: 'hanako@mobile.example.jp', ...moment('expires', '2026-12-22 09:00'), action_url, cancel_url },
    steps(renewing, 0))],
    'renewal-again': ['renewal', member('account', { terminal: terminal(1), kind_text: pc,
      address: 'hanako.suzuki@example.co.jp', ...moment('expires', '2026-12-22 09:00'), waits: true, action_url, cancel_url },
    { ...steps(renewing, 0), ...alert('error', text('errors.renewals')) })],
    'renewal-done': ['renewal-done', member('account', outcome(2, 'hanako@mobile.example.jp', {
      download_password: 'uDPBG4S5', seen_url: link('s'), in_account: true, next_url: link('account') }),
    steps(renewing, 1))],
    'renewal-ended': ['renewal-ended', visitor({ certificate_name: 'hanako.suzuki', ...moment('not_after', '2026-11-01 10:00'),
      action_url, cancel_url: link('help') })],
    'renewal-ended-wrong': ['renewal-ended', visitor({ certificate_name: 'hanako.suzuki',
      ...moment('not_after', '2026-11-01 10:00'), action_url, cancel_url: link('help'),
      remaining_text: text('errors.login_remaining', { remaining: 4 }) },
    alert('error', text('errors.login_wrong')))],
    'renewal-ended-done': ['renewal-done', visitor(outcome(1, 'ha***@example.co.jp', { ended: true,
      download_password: 'uDPBG4S5', seen_url: link('s') }), steps(renewing, 1))],
    'renewal-seen': ['renewal-done', member('account', outcome(1, 'hanako.suzuki@example.co.jp', { seen: true,
      in_account: true, next_url: link('account') }), steps(renewing, 1))],

    // login method
    method: ['method', member('method', { methods, action_url, cancel_url }, steps(changing, 0))],
    'method-wrong': ['method', member('method', { methods, action_url, cancel_url }, { ...steps(changing, 0),
      ...wrong({ method: text('errors.same_method') }) })],
    'method-confirm': ['method-confirm', member('method', { before_text: texts.methods.otp,
      after_text: texts.methods.certificate, terminals, action_url, cancel_url,
      back_url: link('method'), effects: ['certificate_issue', 'app_forget',
        'logout'].map((effect) => ({ text: text(`effects.${effect}`) })) }, steps(changing, 1))],
    'method-done': ['method-done', visitor(outcome(0, '', { to_certificate: true, login_url,
      method_text: texts.methods.certificate, issues: terminals.slice(0, 2).map(({ number, address }) => (
        { ...terminal(number), terminal: number, address, download_password: 'uDPBG4S5' })) }), steps(changing, 2))],
    'method-done-otp': ['method-done', visitor(outcome(0, '', { to_otp: true, login_url, method_text: texts.methods.otp }),
      steps(changing, 2))],

    // reissue
    'reissue-request-password': ['reissue-request', visitor({ password: true, action_url, cancel_url: login_url },
      { ...steps(reissuing, 0), ...titled('reissue_request.title_password') })],
    'reissue-request-certificate': ['reissue-request', visitor({ certificate: true, action_url,
      cancel_url: login_url }, { ...steps(reissuing, 0),
      ...titled('reissue_request.title_certificate'), ...wrong({ user: required('user'),
        address: text('errors.address') }) })],
    'reissue-sent': ['reissue-sent', visitor({ password: true, minutes_text: text('reissue_sent.minutes',
      { minutes: 60 }) }, { ...steps(reissuing, 1), ...titled('reissue_sent.title_password') })],
    'reissue-code': ['reissue-code', visitor({ ...life, password: true, action_url, again_url: link('a'), cancel_url: login_url,
      ...troubles('mail_missing', 'id_forgotten') }, { ...steps(reissuing, 1), ...titled('reissue_code.title_password') })],
    'reissue-code-wrong': ['reissue-code', visitor({ ...life, lost: true, action_url, again_url: link('a'), cancel_url: login_url },
      { ...steps(losing, 1), ...titled('reissue_code.title_lost'), ...wrong({ access_code: text('errors.access_code_wrong') }) })],
    code: ['code', visitor({ downloads: true, cancel_url: login_url, ...troubles('mail_missing', 'id_forgotten') })],
    'code-asked': ['code', visitor({ downloads: true, any: true, cancel_url: login_url,
      asked: [{ url: link('a'), text: text('code.to_password') }, { url: link('b'), text: text('code.to_lost') }] },
      { ...alert('error', text('errors.code_or_user_wrong')), ...wrong({ access_code: text('errors.access_code_wrong') }) })],
    'code-none': ['code', visitor({ cancel_url: login_url })],
    'reissue-prove-question': ['reissue-prove', visitor({ by_question: true, questions, action_url,
      cancel_url: login_url }, { ...steps(reissuing, 2),
      ...titled('reissue_prove.title_password'), ...wrong({ answer: text('errors.answer_wrong_remaining',
        { remaining: 2 }) }) })],
    'reissue-prove-password': ['reissue-prove', visitor({ by_password: true, user: 'hanako.suzuki', action_url, cancel_url: login_url },
      { ...steps(reissuing, 2),
      ...titled('reissue_prove.title_certificate'), ...wrong({ answer: text('errors.password_wrong') },
        { answer: texts.labels.password }) })],
    'reissue-prove-code': ['reissue-prove', visitor({ by_code: true, action_url, cancel_url: login_url },
      { ...steps(reissuing, 2), ...titled('reissue_prove.title_password'),
      ...wrong({ answer: text('errors.operator_code_wrong') }, { answer: texts.labels.operator_code }) })],
    'reissue-prove-answer-and-code': ['reissue-prove', visitor({ by_question: true, questions, action_url,
      cancel_url: login_url, ...sentence('gap', 'reissue_prove.gap_password', '2026-11-25 10:00') }, { ...steps(reissuing, 2),
      ...titled('reissue_prove.title_password'), ...wrong({ operator_code: text('errors.operator_code_wrong') }) })],
    'reissue-done-password': ['reissue-done', visitor(outcome(0, '', { password: 'g7$Kp-2vXq&9', must_change: true, login_url, seen_url: link('s') }),
      { ...steps(reissuing, 3), ...titled('reissue_done.title_password') })],
    'reissue-done-certificate': ['reissue-done', visitor(outcome(1, 'ha***@example.co.jp', { of_certificate: true, download_password: 'uDPBG4S5', seen_url: link('s') }),
      { ...steps(reissuing, 3), ...titled('reissue_done.title_certificate') })],

    // the link to a download once more
    'resend-request': ['reissue-request', visitor({ resend: true, action_url, cancel_url: login_url },
      { ...steps(['reissue_request', 'reissue_sent', 'download_file'], 0), ...titled('reissue_request.title_resend') })],
    'resend-sent': ['reissue-sent', visitor({ resend: true },
      { ...steps(['reissue_request', 'reissue_sent', 'download_file'], 1), ...titled('reissue_sent.title_resend') })],

    // user IDs by mail
    'user-id-request': ['reissue-request', visitor({ user_id: true, action_url, cancel_url: login_url },
      { ...steps(['reissue_request', 'reissue_sent', 'login'], 0), ...titled('reissue_request.title_user_id'),
      ...wrong({ address: required('address') }) })],
    'user-id-sent': ['reissue-sent', visitor({ user_id: true, ...troubles('mail_missing', 'id_forgotten') },
      { ...steps(['reissue_request', 'reissue_sent', 'login'], 1), ...titled('reissue_sent.title_user_id') })],

    // a lost device
    'lost-request': ['reissue-request', visitor({ lost: true, action_url, cancel_url: login_url },
      { ...steps(losing, 0), ...titled('reissue_request.title_lost') })],
    'lost-sent': ['reissue-sent', visitor({ lost: true, minutes_text: text('reissue_sent.minutes', { minutes: 60 }) },
      { ...steps(losing, 1), ...titled('reissue_sent.title_lost') })],
    'lost-prove': ['reissue-prove', visitor({ lost: true, by_question: true, questions, action_url,
      cancel_url: login_url }, { ...steps(losing, 2), ...titled('reissue_prove.title_lost'),
      ...wrong({ answer: text('errors.lost_answer_wrong_remaining', { remaining: 2 }) }) })],
    'lost-choose': ['lost-choose', visitor({ any: true, devices: losable, action_url, cancel_url: link('help') },
      steps(losing, 3))],
    'lost-choose-wrong': ['lost-choose', visitor({ any: true, devices: losable, action_url,
      cancel_url: link('help') }, { ...steps(losing, 3), ...wrong({ device: text('errors.choose') }) })],
    'lost-choose-none': ['lost-choose', visitor({ cancel_url: link('help') }, steps(losing, 3))],
    'lost-done': ['lost-done', visitor(outcome(2, '', { certificate_reissue_url: link('a'), password_reissue_url: link('b') }),
      steps(losing, 4))],

    // help
    help: ['help', visitor({ lost_url: link('lost'), groups: troubled(Object.keys(texts.help_trouble)) })],
    'help-bare': ['help', visitor({ groups: troubled(['lost', 'locked']) }, { support: '', support_parts: undefined })],
    'help-trouble': answered('remembered', ['s1', 's2', 's3'], { s2: [login_url, 'link_invalid.to_login'] },
      { s1: varied('help_undo', 'edge') }),
    'help-trouble-unknown': answered('old_listed', ['s1', 's2', 's3'], { s1: [login_url, 'link_invalid.to_login'],
      s3: [link('help/trouble?about=remembered'), 'help.to_remembered'] }, { s2: varied('help_remove') }),
    'help-trouble-lost': answered('lost', ['s1', 's2', 's3', 's4', 's5'], { s1: [link('lost'), 'help.to_lost'],
      s2: [link('sessions'), 'help.to_sessions'], s3: [link('a'), 'help.to_certificate'], s4: [link('b'), 'help.to_password'] }),
    'help-import': ['help-import', visitor(guides('windows', texts.devices.windows, 'Edge'))],
    'help-import-ios': ['help-import', member('', guides('ios', texts.devices.iphone, 'Safari'))],
    'help-import-course': ['help-import', visitor({ ...course(3), ...guides('windows', texts.devices.windows, 'Edge') })],
    'help-import-unknown': ['help-import', visitor(guides(''))],
    'help-certificate': ['help-certificate', visitor({ login_url })],
    'help-certificate-none': help('none', { certificate_reissue_url: link('reissue/certificate'), reissue_here: true,
      ...troubles('no_dialog', 'remembered', 'wrong_browser', 'windows_account', 'remote', 'deleted') }),
    'help-certificate-none-ended': help('none', { certificate_reissue_url: link('reissue/certificate'), last_ended: true,
      reissue_here: true, last_label: '薬局1号機', ...sentence('last', 'help_certificate.last_ended', '2026-11-20 09:00') }),
    'help-certificate-none-good': help('none', sentence('last', 'help_certificate.last_good', '2027-11-20 09:00')),
    'help-certificate-tried': help('unknown', { ...named, tried: true }),
    'help-certificate-tried-good': help('good', { ...named, tried: true }),
    'help-certificate-expired': help('expired', { ...named, certificate_reissue_url: link('reissue/certificate') }),
    'help-certificate-not-yet': help('not_yet', named),
    'help-certificate-foreign': help('foreign'),
    'help-certificate-revoked': help('revoked', named),
    'help-certificate-unknown': help('unknown', named),
    'help-certificate-unsuitable': help('unsuitable', named),
    'help-certificate-good': help('good', named),

    // what can go wrong
    'link-invalid': ['link-invalid', visitor(troubles('link_ended', 'broken_off'))],
    'link-invalid-used': ['link-invalid', visitor({ known: true, used: true, again_url: link('a') }, titled('link_invalid.title_used'))],
    'link-invalid-expired': ['link-invalid', visitor({ known: true, expired: true, again_url: link('a') },
      titled('link_invalid.title_expired'))],
    'link-invalid-coded': ['link-invalid', visitor({ known: true, coded: true, ...troubles('link_ended') }, titled('link_invalid.title_coded'))],
    'flow-ended': ['flow-ended', visitor({ back_url: login_url })],
    'flow-ended-over': ['flow-ended', visitor({ over: true, back_url: login_url }, titled('flow_ended.title_over'))],
    'flow-ended-over-member': ['flow-ended', member('', { over: true, member: true, back_url: link('') },
      titled('flow_ended.title_over'))],
    'flow-ended-again': ['flow-ended', visitor({ back_url: login_url, again_url: link('a') })],
    'flow-ended-member': ['flow-ended', member('', { member: true, back_url: link('') })],
    'flow-ended-other-user': ['flow-ended', member('', { member: true, back_url: link(''), other_user: true })],
    'too-many': ['too-many', visitor({ next_text: text('too_many.next', { minutes: 8 }), number: 'AN-7F3K9QXB' })],
    unavailable: ['unavailable', visitor()],
    framed: ['framed', visitor({ login_url })],
    'error-404': failure('not_found', 404),
    'error-404-member': ['error', member('', { text: text('error.not_found.text'), status: 404 },
      titled('error.not_found.title'))],
    'error-403': failure('csrf', 403, { again_url: link('register?flow=f') }),
    ...deskStates({ text, texts, link, visitor, moment, long, wrong, alert, terminal, square, contract: ja ? 'かしわ信用金庫' : 'Kashiwa Shinkin' }),
  };
}
