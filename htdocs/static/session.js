/*
 * The end of the login, from two minutes before it: told, put off by a button, said when it is there. anshin.js loads this when
 * it is time. Other tabs and pages of the site put the end off as well, so the server is asked first, and now and then.
 */
const AGAIN = 10000; /* ms from one question to the next */
const box = document.getElementById('session-end');
const data = box.dataset;
const [status, rest, goOn, login] = box.querySelectorAll('[role], button, a');
const tabs = new BroadcastChannel(`anshin ${data.url} ${data.of}`);
const timer = setInterval(tick, 1000);
let end = Number(data.at);
let final = 'final' in data;
let next = 0;
let waiting = false;
let from = null;

function isOn() {
  return box.classList.contains('on');
}

function isNear() {
  return end - Date.now() <= data.before * 1000;
}

function show(text, on, button) {
  box.className = on ? 'session-end on' : 'session-end hidden-text';
  status.textContent = text;
  rest.textContent = '';
  goOn.hidden = button !== goOn;
  login.hidden = button !== login;
}

function over() {
  clearInterval(timer);
  show(data.over, true, login);
}

function warn() {
  if (!isOn()) {
    show(final ? data.last : data.idle, true, final ? null : goOn);
  }
}

function put(facts, text) {
  const focused = box.contains(document.activeElement);

  ({ end, final } = facts);
  if (isNear()) {
    warn();
  } else if (isOn()) {
    show(text, false);
    if (focused) {
      (from ?? document.getElementById('main')).focus();
    }
  }
}

async function ask(options, text, failed) {
  waiting = true;
  next = Date.now() + AGAIN;
  try {
    const answer = await fetch(data.url, { redirect: 'manual', cache: 'no-store', ...options });
    const gone = answer.type === 'opaqueredirect' || answer.status === 410;
    const facts = gone ? {} : await answer.json();

    if (facts.of === data.of) {
      facts.end = Date.now() + facts.left * 1000;
      put(facts, text);
      tabs.postMessage(facts);
    } else {
      over();
    }
  } catch {
    failed();
  }
  waiting = false;
}

function tick() {
  const seconds = Math.ceil((end - Date.now()) / 1000);

  if (!waiting && isNear() && (seconds <= 0 || Date.now() >= next)) {
    ask({}, '', seconds > 0 ? warn : over);
  }
  if (isOn() && seconds >= 0) {
    rest.textContent = `${data.rest} ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}

/* What was typed goes along to the login, sealed by the server for whoever comes back; no password does, nor an answer. */
function keep(event) {
  const form = document.querySelector('main form[method="post"]');
  const copy = document.createElement('form');

  if (!data.kept || !form) {
    return;
  }
  event.preventDefault();
  for (const [name, value] of [...new FormData(form), ['draft', '1']]) {
    if (`csrf flow draft ${data.kept}`.split(' ').includes(name)) {
      copy.append(Object.assign(document.createElement('input'), { name, value }));
    }
  }
  Object.assign(copy, { method: 'post', action: form.action, hidden: true });
  document.body.append(copy);
  copy.submit();
}

goOn.addEventListener('focus', (event) => {
  from = event.relatedTarget;
});
goOn.addEventListener('click', () => {
  ask({ method: 'POST', body: new URLSearchParams({ csrf: data.csrf }) }, data.renewed, () => {
    status.textContent = data.failed;
  });
});
login.addEventListener('click', keep);
tabs.addEventListener('message', (event) => {
  if (event.data.end > end) {
    put(event.data, '');
  }
});
tick();
