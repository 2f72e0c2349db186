// The states of the help desk's pages, for states.mjs, whose helpers it takes.
export function deskStates({ text, texts, link, visitor, moment, long, wrong, alert, terminal, square, contract }) {
  const staff = (page, more = {}) => visitor(page, {
    user: { id: 'ope01' },
    has_menu: true,
    session_end: { left: 1800, before: 120, of: 'ope01.1', login_url: link('login?return=r') },
    menu: [{ url: link('desk'), text: text('menu.desk'), current: true }, { url: link(''), text: text('menu.home') }],
    ...more,
  });
  const account = { contract_title: contract, ...long('organisation', '山田商事株式会社'), ...long('name', '鈴木 花子') };
  const url = link('desk/user?who=Zk3vT0pQm8XcRr2uYb5nWgLw9AeJh1sDqVxK7oUiCzNtFy4GMEPaHB6SlOjIdXw-QkTr2vYb5nWgLw9AeJh1sDqVxK7oUi');
  const found = ['pending', 'active', 'locked', 'disabled', 'not_valid'].map((state, i) => ({ ...account, url, user: `p-01-usr00${i}`,
    ...(i === 1 ? long('address', 'hanako.suzuki-with-a-long-name@mail.department.example.jp') : {}),
    ...(i === 3 ? { name: undefined, organisation: undefined } : {}), state_text: text(`desk.state_${state}`), state_bad: state !== 'active' }));
  const verbs = ['unlock', 'lock', 'disable', 'logout', 'must-change', 'revoke'];
  const waits = Object.keys(texts.desk_waits).map((name, i) => ({ ...texts.desk_waits[name], ...moment('since', '2026-11-22 15:35'),
    ...(i % 2 ? moment('until', '2026-11-23 15:35') : {}), ...(i === 0 ? { url, first: true, button: text('desk_act.unlock.button') } : {}),
    ...(name.startsWith('download') ? terminal(2) : {}) }));
  const history = ['login_ok', ...Object.keys(texts.desk_advice)].map((name, i) => ({ ...moment('at', '2026-11-22 15:35'),
    result_text: text(`history.${name}`), good: i === 0, failed: i > 0, ...(i === 0 ? long('operator', 'staff/ope01') : {}), ...(i > 0 ? { todo: text(`desk_advice.${name}`) } : {}),
    ...long('address', i % 2 ? '2001:db8:85a3:8d3:1319:8a2e:370:7348' : '203.0.113.24'), client: i % 2 ? undefined : 'Chrome, Windows' }));
  const user = { user_id: 'p-01-usr002', ...account, state_text: text('desk.state_locked'), state_bad: true, groups: 'sales admin', memo: '折り返しは午後',
    method_text: text('methods.certificate'), ...moment('created', '2026-01-05 09:00'), ...moment('registered', '2026-01-06 10:20'),
    ...moment('last_login', '2026-11-20 08:15'), ...moment('password_set', '2026-01-06 10:20'), ...moment('valid_until', '2027-03-31 23:59'),
    desk_url: link('desk') };
  const terminals = [{ ...terminal(1), kind_text: text('terminal_kinds.pc'), ...long('address', 'hanako.suzuki@example.jp'),
    certificate_text: text('desk.certificate_active'), ...moment('expires', '2026-12-20 10:20'), serial: '4f9a1c77b2e08d6355aa01ff92c3d4e5', actable: true, renew_url: url, reissue_url: url },
  { ...terminal(2), kind_text: text('terminal_kinds.smartphone'), ...long('address', 'hanako@phone.example.jp') }];
  const ways = { choose_way: true, paper: true, order: '0'.repeat(32), ways: ['mail', 'print'].map((id) => ({ id, text: text(`desk_print.way_${id}`), selected: id === 'mail' })) };
  const sheet = (more, name, done) => ['desk-print', staff({ user_id: 'p-01-usr002', ...account, user_url: url, ...more }, { title: text(`desk_print.title_${name}`), ...alert('success', text(`desk_act.${done}.printed`)) })];
  const act = (verb, more = {}, others = {}) => ['desk-act', staff({ user_id: 'p-01-usr002', ...account, lead: text(`desk_act.${verb}.lead`), submit: text(`desk_act.${verb}.submit`),
    action_url: link('desk/act?verb=x'), cancel_url: url, ...more }, { title: text(`desk_act.${verb}.title`), ...others })];
  const listed = found.map((row, i) => ({ ...row, number: i, mark: `${i}`.repeat(24), ...moment('at', '2026-11-22 15:35'), ...long('what', '4f9a1c77b2e08d6355aa01ff92c3d4e5') }));
  const chosen = { choosable: true, action_url: link('desk/list'), about: 'expiring', page_number: '1', marks: '', all_text: text('desk_list.all', { number: 5 }),
    verbs: ['revoke', 'renew'].map((verb) => ({ verb, text: text(`desk_act.${verb}.button`) })) };
  const list = (more, others = {}) => ['desk-list', staff({ lists: Object.entries(texts.desk_lists).map(([name, { name: words }], i) => ({ url, text: words, current: i === 1 })),
    lead: text('desk_lists.expiring.lead'), at_label: text('desk_lists.expiring.at'), count_text: text('desk_list.count', { number: 5 }), csv_url: url, ...more }, others)];
  const bulk = { count_text: text('desk_bulk.count', { number: 12 }), users: found.map(({ user }) => ({ user, contract_title: contract })), more_text: text('desk_bulk.more', { number: 7 }),
    lead: text('desk_act.revoke.lead'), submit: text('desk_act.revoke.submit'), danger: true, order: '0'.repeat(32), action_url: link('desk/list/act?about=expiring'), cancel_url: url };
  const pending = { what: text('desk_act.revoke.title'), count_text: text('desk_bulk.count', { number: 12 }), users: found.map(({ user }) => ({ user, url, contract_title: contract })),
    ...long('asked_by', 'staff/ope01'), ...moment('at', '2026-11-22 15:35'), ...moment('until', '2026-11-23 15:35') };
  const decide = (step, more = {}) => ['desk-decide', staff({ ...pending, lead: text(`desk_decide.${step}.lead`), submit: text(`desk_decide.${step}.submit`),
    action_url: link('desk/waiting/decide'), cancel_url: link('desk/waiting'), ...more }, { title: text(`desk_decide.${step}.title`) })];
  const steps = (...names) => names.map((name) => ({ url, text: text(`desk_decide.${name}.button`) }));
  const titled = { title: text('desk_user.title_of', { user: 'p-01-usr002' }) };
  return {
    desk: ['desk', staff({ search_first: true })],
    'desk-found': ['desk', staff({ asked: true, users: found, count_text: text('desk.count_more', { number: 50 }) }, { field: { q: { value: '山田' } } })],
    'desk-nothing': ['desk', staff({ asked: true, nothing: true })],
    'desk-number': ['desk', staff({ asked: true, users: found.slice(2, 3), count_text: text('desk.count', { number: 1 }), about: { number: 'AN-7F3K9QXB',
      text: text('desk.about_account'), ...moment('at', '2026-11-22 15:35'), ...moment('until', '2026-11-22 16:05'), ...long('address', '203.0.113.24'), client: 'Chrome, Windows' } })],
    'desk-user-waits': ['desk-user', staff({ ...user, has_waits: true, waits, terminals }, titled)],
    'desk-user': ['desk-user', staff({ ...user, has_buttons: true, buttons: verbs.map((verb) => ({ url, text: text(`desk_act.${verb}.button`),
      danger: verb === 'disable' || verb === 'revoke' })), terminals, has_counters: true, counters: Object.keys(texts.desk_counters).map((kind, i) => ({
      text: texts.desk_counters[kind], failures: i + 1, locked: i === 0 })), has_history: true, history, has_mails: true,
    mails: Object.keys(texts.desk_mail_states).map((state, i) => ({ ...moment('at', '2026-11-22 15:35'), kind_text: Object.values(texts.desk_mails)[i],
      state_text: text(`desk_mail_states.${state}`), failed: state === 'failed', ...(state === 'failed' ? long('error', '550 5.1.1 <hanako@phone.example.jp>: no such user here') : {}) })) }, titled)],
    'desk-user-done': ['desk-user', staff({ ...user, state_text: text('desk.state_active'), state_bad: false, tell: text('desk_act.unlock.tell'), terminals, has_sessions: true, sessions: [{ ...moment('at', '2026-11-22 09:12'),
      ...moment('seen', '2026-11-22 15:30'), ...long('address', '203.0.113.24'), client: 'Firefox, Linux' }] }, { ...titled,
      ...alert('success', text('desk_act.unlock.done')) })],
    'desk-act': act('unlock'),
    'desk-act-danger': act('revoke', { danger: true }),
    'desk-act-why': act('renew', { why: true, terminal: terminal(1) }, wrong({ why: text('errors.why_missing') })),
    'desk-act-ways': act('reinvite', { ...ways, lead: text('desk_act.reinvite.lead_ways'), submit: text('desk_act.reinvite.submit_ways') }),
    'desk-act-print': act('reinvite', { paper: true, paper_alone: true, order: '0'.repeat(32), lead: text('desk_act.reinvite.lead_print'), submit: text('desk_act.reinvite.submit_print'), why: true }),
    'desk-print': sheet({ url: `https://login.example.jp/anshin/register?t=${'Zk3vT0pQm8XcRr2uYb5nWgLw9AeJh1sDqVxK7oUiCzN'}`, code: '7kq3wz9xhn', qr_svg: square(), ...moment('until', '2026-12-06 10:00') }, 'invitation', 'reinvite'),
    'desk-print-password': sheet({ download_password: 'k7qwz3xhnp29tb', terminal: terminal(1) }, 'password', 'reissue'),
    'desk-list': list({ rows: listed, ...chosen }),
    'desk-list-most': list({ rows: listed, ...chosen, count_text: text('desk_list.count_most', { number: 5000 }), many: true, page_number: '2', pages_number: '50',
      previous_url: url, next_url: url }, alert('notice', text('desk_list.refused_none'))),
    'desk-list-empty': ['desk-list', staff({ lists: [], lead: text('desk_lists.locked.lead'), at_label: text('desk_lists.locked.at'), count_text: text('desk_list.count', { number: 0 }) })],
    'desk-bulk': ['desk-bulk', staff(bulk, { title: text('desk_act.revoke.title') })],
    'desk-bulk-why': ['desk-bulk', staff({ ...bulk, why: true, gone_text: text('desk_bulk.gone_count', { number: 2 }) }, { title: text('desk_act.revoke.title'),
      ...wrong({ why: text('errors.why_missing') }) })],
    'desk-bulk-done': ['desk-bulk-done', staff({ lead: text('desk_act.revoke.title'), done_text: text('desk_bulk_done.done', { number: 1 }),
      not_done_text: text('desk_bulk_done.not_done', { number: 4 }), back_url: url, rows: ['', 'desk.no_certificate', 'desk.not_yours', 'desk_bulk.gone', 'desk_bulk.failed'].map((came, i) => ({
        user: `p-01-usr00${i}`, contract_title: contract, url, done: i === 0, came_text: text(came || 'desk_act.revoke.done') })) })],
    'desk-bulk-second': ['desk-bulk', staff({ ...bulk, second: true }, { title: text('desk_act.revoke.title') })],
    'desk-waiting': ['desk-waiting', staff({ rows: [
      { ...pending, state_text: text('desk_waiting.waiting'), waits: true, more_text: text('desk_bulk.more', { number: 7 }), ...long('reason', '端末の入れ替えのため'), buttons: steps('approve', 'refuse') },
      { ...pending, state_text: text('desk_waiting.waiting'), waits: true, mine: true, buttons: steps('withdraw') },
      { ...pending, state_text: text('desk_waiting.broken'), broken: true, ...long('decided_by', 'staff/ope02'), buttons: steps('continue'), answer_url: url },
      ...['approved', 'refused', 'withdrawn', 'expired'].map((state) => ({ ...pending, state_text: text(`desk_waiting.${state}`), buttons: [],
        ...(state === 'expired' ? {} : long('decided_by', 'staff/ope02')), ...(state === 'approved' ? { answer_url: url } : {}) }))] }, alert('notice', text('desk_waiting.over')))],
    'desk-waiting-none': ['desk-waiting', staff({ rows: [] })],
    'desk-decide-approve': decide('approve', { verb_lead: text('desk_act.revoke.lead'), danger: true, more_text: text('desk_waiting.gone', { number: 2 }), ...long('reason', '端末の入れ替えのため') }),
    'desk-decide-refuse': decide('refuse'),
    'desk-decide-withdraw': decide('withdraw'),
    'desk-invite': ['desk-invite', staff({ own: true, own_first: true, action_url: link('desk/invite'), cancel_url: link('desk'), ...long('organisation', '山田商事株式会社') })],
    'desk-invite-print': ['desk-invite', staff({ own_first: true, paper: true, paper_alone: true, order: '0'.repeat(32), action_url: link('desk/invite'), cancel_url: link('desk') })],
    'desk-invite-wrong': ['desk-invite', staff({ own_first: true, ...ways, why: true, choose_contract: true, contracts: [{ id: 'p-01', text: contract, selected: true }, { id: 'p-02', text: '注文サイト' }],
      action_url: link('desk/invite'), cancel_url: link('desk') }, wrong({ how: text('desk.print_instead'), contract: text('errors.choose'), user: text('errors.user_form'), address: text('errors.address'),
      name: text('errors.name_wrong', { label: text('labels.name') }), organisation: text('errors.name_wrong', { label: text('labels.organisation') }), why: text('errors.why_missing') },
      { contract: text('desk.contract'), how: text('desk_print.how') }))],
    'desk-invite-none': ['desk-invite', staff({ none: true })],
    'desk-missing': ['desk-missing', staff({ desk_url: link('desk') })],
    'desk-denied': ['desk-denied', staff({})],
  };
}
