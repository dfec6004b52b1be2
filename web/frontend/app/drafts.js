// Keeps what is being typed: on this phone at once, on the server when the network allows.
//   <form data-draft="id of the task" data-draft-url="/taches/…/brouillon" data-draft-saved-at="2026-11-22T10:00:00Z">
//     <p data-draft-status role="status"></p>
// The server answers any 2xx; `data-draft-saved-at` is the time of the draft the page was drawn with, if any.
import * as store from '../offline/store.js';
import { serverTime } from './times.js';
import { say, timeOf } from './texts.js';

const PAUSE = 1500;
const KEEP_FOR = 72 * 3_600_000;
const ACCOUNT = document.querySelector('meta[name="parcours-account"]')?.content ?? '';
const NEVER_KEPT = new Set(['csrf_token', 'idempotency_key', 'rev']);

const typed = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && !NEVER_KEPT.has(name));

function report(form, text) {
  const status = form.querySelector('[data-draft-status]');
  if (status) status.textContent = text;
}

function refill(form, values) {
  for (const element of form.elements) {
    if (!element.name || NEVER_KEPT.has(element.name) || element.type === 'file' || element.type === 'hidden') continue;
    const given = values.filter(([name]) => name === element.name).map(([, value]) => value);
    if (/^(radio|checkbox)$/.test(element.type)) element.checked = given.includes(element.value);
    else if (element.multiple) for (const option of element.options) option.selected = given.includes(option.value);
    else if (given.length) [element.value] = given;
  }
  form.dispatchEvent(new Event('change', { bubbles: true }));
}

async function restore(form) {
  const draft = await store.get('drafts', form.dataset.draft);
  const known = Date.parse(form.dataset.draftSavedAt ?? '') || 0;
  // a draft that was sent stays a moment, should the sending fail; a page with errors already holds the typed text
  if (!draft || draft.account !== ACCOUNT || draft.sent || serverTime(draft.at) <= known || form.querySelector('.error-summary')) return;
  refill(form, draft.values);
  report(form, say('draftRestored', { time: timeOf(serverTime(draft.at)) }));
}

async function forgetOld() {
  for (const draft of await store.all('drafts')) {
    if (draft.account !== ACCOUNT || Date.now() - draft.at > KEEP_FOR) await store.remove('drafts', draft.id);
  }
}

async function save(form) {
  const at = Date.now();
  if (store.available) await store.put('drafts', { id: form.dataset.draft, account: ACCOUNT, at, values: typed(form) });
  if (!form.dataset.draftUrl) {
    report(form, say('draftHere', { time: timeOf(serverTime(at)) }));
    return;
  }
  const body = new URLSearchParams(typed(form));
  const token = form.elements.csrf_token?.value ?? '';
  const answer = await fetch(form.dataset.draftUrl, { method: 'POST', body, headers: { 'X-CSRFToken': token } }).catch(() => null);
  if (answer?.ok && !answer.redirected) report(form, say('draftSent', { time: timeOf(serverTime(at)) }));
  else report(form, say(store.available ? 'draftHere' : 'draftFailed', { time: timeOf(serverTime(at)) }));
}

const changed = (element) => (/^(radio|checkbox)$/.test(element.type) ? element.checked !== element.defaultChecked
  : 'defaultValue' in element && element.type !== 'hidden' && element.value !== element.defaultValue);

async function watch(form) {
  let timer;
  const saveSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => save(form), PAUSE);
  };
  form.addEventListener('input', saveSoon);
  // whoever began to type before this was loaded keeps what they typed
  if ([...form.elements].some(changed)) saveSoon();
  else if (store.available) await restore(form);
  form.addEventListener('submit', () => {
    clearTimeout(timer);
    if (store.available) store.put('drafts', { id: form.dataset.draft, account: ACCOUNT, at: Date.now(), values: typed(form), sent: true });
  });
}

export async function startDrafts() {
  document.querySelectorAll('form[data-draft]').forEach(watch);
  if (store.available) await forgetOld();
}
