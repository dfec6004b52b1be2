// Answers given on this phone that the server has not confirmed yet. None is ever dropped in silence: it is sent,
// or it stays and says why. States: waiting → sent (forgotten), or waiting → check (somebody must look).
import * as store from './store.js';

export const CHANGED = 'parcours:outbox';
const changed = () => document.dispatchEvent(new CustomEvent(CHANGED));
const page = (name) => document.querySelector(`meta[name="parcours-${name}"]`)?.content ?? '';

export const isMine = (answer) => !answer.account || answer.account === page('account');

export async function waiting() {
  return (await store.all('outbox')).sort((one, other) => one.doneAt.localeCompare(other.doneAt));
}

export async function keep(form, submitter) {
  const fields = [...new FormData(form, submitter)].filter(([name, value]) => typeof value === 'string' && name !== 'csrf_token');
  const answer = {
    id: form.elements.idempotency_key?.value || crypto.randomUUID(),
    url: form.action,
    task: location.pathname,
    label: form.dataset.offline || document.title,
    etag: form.dataset.etag ?? '',
    account: page('account'),
    doneAt: new Date().toISOString(),
    fields, state: 'waiting', reason: '',
  };
  await store.put('outbox', answer);
  changed();
  return answer.id;
}

export async function drop(id) {
  await store.remove('outbox', id);
  changed();
}

async function mark(answer, state, reason, sentence = '') {
  await store.put('outbox', { ...answer, state, reason, sentence });
  changed();
}

// the token of the stored page may be dead, and the session with it: ask for a fresh one before anything is sent
async function freshSession() {
  const answer = await fetch(page('session-url'), { headers: { Accept: 'application/json' }, cache: 'no-store' }).catch(() => null);
  if (!answer) return { network: false };
  if (!answer.ok || answer.redirected) return { network: true };
  return { network: true, ...(await answer.json()) };
}

async function sentenceOf(response) {
  const text = await response.text();
  if (response.headers.get('Content-Type')?.includes('json')) {
    const body = JSON.parse(text);
    return body.detail ?? body.message ?? '';
  }
  const shown = new DOMParser().parseFromString(text, 'text/html').querySelector('.error-summary p, .error-page p, .error-summary');
  return shown?.textContent.trim().replace(/\s+/g, ' ') ?? '';
}

async function send(answer, token, skew) {
  const doneAt = new Date(Date.parse(answer.doneAt) + skew).toISOString();
  const headers = {
    'X-CSRFToken': token, 'Idempotency-Key': answer.id, 'X-Done-At': doneAt, 'X-Requested-With': 'parcours-outbox',
  };
  if (answer.etag) headers['If-Match'] = answer.etag;
  const body = new URLSearchParams([...answer.fields, ['csrf_token', token]]);
  const response = await fetch(answer.url, { method: 'POST', headers, body }).catch(() => null);
  if (!response || response.status >= 500 || response.status === 429) return 'later';
  const signedOut = response.status === 401 || (response.redirected && new URL(response.url).pathname === page('sign-in'));
  if (signedOut) {
    await mark(answer, 'waiting', 'signInAgain');
    return 'later';
  }
  if (response.ok) await drop(answer.id);
  else if (response.status === 409 || response.status === 412) await mark(answer, 'check', 'alreadyDone', await sentenceOf(response));
  else await mark(answer, 'check', 'refused', await sentenceOf(response));
  return 'next';
}

async function sendWaiting() {
  const answers = (await waiting()).filter((answer) => answer.state === 'waiting');
  if (!answers.length) return;
  const session = await freshSession();
  if (!session.network) return;
  const skew = session.now ? Date.parse(session.now) - Date.now() : 0; // phone clocks are wrong
  for (const answer of answers) {
    if (!session.csrf_token) await mark(answer, 'waiting', 'signInAgain');
    else if (answer.account && session.account !== answer.account) await mark(answer, 'waiting', 'otherAccount');
    else if ((await send(answer, session.csrf_token, skew)) === 'later') return;
  }
}

// one tab at a time sends, so that nothing goes twice (the server would notice, the person should not have to)
export function flush() {
  return navigator.locks ? navigator.locks.request('parcours-outbox', sendWaiting) : sendWaiting();
}

export async function tryAgain(id) {
  const answer = await store.get('outbox', id);
  if (answer) await mark(answer, 'waiting', '');
  await flush();
}
