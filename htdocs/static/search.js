/*
 * Search at the help desk while somebody types; the button beside it does the same without. One request at a time, of what is
 * typed by then; the address of the page stays as it is, and nothing is stored.
 */
const PAUSE = 200; /* ms without a key before it asks */
const box = document.getElementById('found');
const status = document.getElementById('found-status');
const form = document.querySelector('form[role="search"]');
const input = form.elements.q;
let shown = input.value.trim(); /* what the results are of; null: of nothing, so that anything can be asked */
let asking = false;
let timer;

function links() {
  return [...box.querySelectorAll('th a')];
}

/* Whoever was at one of the results stays there, or goes back to where he types. */
function put(...nodes) {
  const at = box.contains(document.activeElement) ? document.activeElement.getAttribute('href') : undefined;

  box.replaceChildren(...nodes);
  if (at !== undefined) {
    (links().find((link) => link.getAttribute('href') === at) ?? input).focus();
  }
}

/* Read out by itself, so that the results are not read out as well. */
function show(page) {
  const found = page.getElementById('found');
  const told = [...found.querySelectorAll('[role="status"]')];

  told.forEach((line) => line.removeAttribute('role'));
  status.textContent = told.map((line) => line.textContent.trim()).join(' ');
  put(...found.childNodes);
  if (links().length > 0) {
    status.textContent += ` ${box.dataset.keys}`;
  }
}

function clear() {
  put();
  status.textContent = '';
}

async function fetchPage(q) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value, q, typing: '1' });
  const answer = await fetch(form.action, { method: 'POST', body, redirect: 'manual', cache: 'no-store' });

  if (!answer.ok) {
    throw new Error('no results');
  }
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/* The login may have ended: the button leads to where it can be begun again. */
function fail() {
  const line = document.createElement('p');

  line.textContent = box.dataset.failed;
  put(line);
  status.textContent = box.dataset.failed;
}

async function ask() {
  const q = input.value.trim();

  if (asking || q === shown) {
    return;
  }
  shown = q;
  if (q === '') {
    clear();
    return;
  }
  asking = true;
  try {
    show(await fetchPage(q));
  } catch {
    fail();
    shown = null;
  }
  asking = false;
  if (shown !== null) {
    ask();
  }
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
}

/* Of words that are still being converted nothing is asked. */
input.addEventListener('input', (event) => {
  if (!event.isComposing) {
    later();
  }
});
input.addEventListener('compositionend', later);

/* To the only one who was found, as the button does where an ID is whole. */
input.addEventListener('keydown', (event) => {
  const all = links();

  if (event.isComposing || all.length === 0) {
    return;
  }
  if (event.key === 'ArrowDown') {
    event.preventDefault();
    all[0].focus();
  } else if (event.key === 'Enter' && all.length === 1 && !asking && input.value.trim() === shown) {
    event.preventDefault();
    all[0].click();
  }
});
box.addEventListener('keydown', (event) => {
  const all = links();
  const at = all.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Escape: -1 }[event.key];

  if (at >= 0 && to !== undefined) {
    event.preventDefault();
    (to < 0 ? input : all[Math.min(to, all.length - 1)]).focus();
  }
});
