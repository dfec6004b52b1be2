// Pages used on the road: pages opened once open again without a network, and an answer given there is kept and sent later.
//   <form data-offline="Première visite · Mme X" data-etag="…">   its answer may wait on the phone
//     <p data-offline-status role="status"></p>
//   <p class="connection" data-connection>                       says: up to date, offline, n waiting
//   <ul data-outbox>                                              the list of what waits (page « Envois »)
//   <a data-offline-prefetch href="…">                            kept in advance
//   <meta name="parcours-account|parcours-session-url|parcours-sign-in|parcours-sw" content="…">
import { ask } from '../app/dialogs.js';
import { say, timeOf } from '../app/texts.js';
import { now, serverTime } from '../app/times.js';
import { CHANGED, drop, flush, isMine, keep, tryAgain, waiting } from './outbox.js';
import * as store from './store.js';

const few = (name, count) => say(`${name}${count === 1 ? 'One' : 'Many'}`, { count });

function describe(answers) {
  const toCheck = answers.filter((answer) => answer.state === 'check').length;
  const toSend = answers.length - toCheck;
  if (toCheck) return ['check', few('check', toCheck)];
  if (!navigator.onLine) return ['offline', toSend ? few('offline', toSend) : say('offlineNone')];
  if (toSend) return ['waiting', few('online', toSend)];
  return ['current', say('upToDate', { time: timeOf(now()) })];
}

function reasonOf(answer) {
  if (answer.sentence) return answer.sentence;
  return say(answer.reason || (answer.state === 'check' ? 'toCheck' : 'keptHere'));
}

// what another person typed here waits for them: neither its patient nor its task is said
function rowOfAnother() {
  const row = document.createElement('li');
  row.className = 'card outbox-item quiet';
  row.textContent = say('otherAccount');
  return row;
}

function outboxRow(answer) {
  if (!isMine(answer)) return rowOfAnother();
  const row = document.createElement('li');
  row.className = 'card outbox-item';
  const title = document.createElement('p');
  title.className = 'card-title';
  title.textContent = answer.label;
  const state = document.createElement('p');
  const tag = document.createElement('span');
  tag.className = `tag tag-${answer.state === 'check' ? 'late' : 'soon'}`;
  tag.textContent = say(answer.state === 'check' ? 'toCheck' : 'waiting');
  state.append(tag, ` ${timeOf(serverTime(Date.parse(answer.doneAt)))}`);
  const reason = document.createElement('p');
  reason.className = 'quiet';
  reason.textContent = reasonOf(answer);
  const actions = document.createElement('div');
  actions.className = 'button-row';
  const see = document.createElement('a');
  see.className = 'button button-quiet button-small';
  see.href = answer.task;
  see.textContent = say('see');
  actions.append(see);
  for (const [name, act] of [['retry', () => tryAgain(answer.id)], ['remove', () => removeAsked(answer.id)]]) {
    const button = document.createElement('button');
    button.className = 'button button-quiet button-small';
    button.textContent = say(name);
    button.addEventListener('click', act);
    actions.append(button);
  }
  row.append(title, state, reason, actions);
  return row;
}

async function removeAsked(id) {
  if (await ask(say('removeQuestion'), say('remove'))) await drop(id);
}

async function paint() {
  const answers = await waiting();
  const [state, sentence] = describe(answers);
  for (const place of document.querySelectorAll('[data-connection]')) {
    place.dataset.connection = state;
    (place.querySelector('[data-connection-text]') ?? place).textContent = sentence;
  }
  for (const list of document.querySelectorAll('[data-outbox]')) {
    list.replaceChildren(...answers.map(outboxRow));
    if (!answers.length) list.append(Object.assign(document.createElement('li'), { className: 'empty', textContent: say('nothingToSend') }));
  }
}

// “online” only says that there is a network, not that it leads anywhere: ask before the form leaves
async function reachable() {
  if (!navigator.onLine) return false;
  const url = document.querySelector('meta[name="parcours-session-url"]').content;
  return fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(4000) }).then((answer) => answer.status < 500, () => false);
}

async function keepAnswer(form, submitter) {
  await keep(form, submitter);
  const status = form.querySelector('[data-offline-status]');
  if (status) status.textContent = say('keptHere');
  for (const button of form.querySelectorAll('button')) button.disabled = true;
}

const passing = new WeakSet();

async function answerOffline(event) {
  const form = event.target.closest('form[data-offline]');
  if (!form || event.defaultPrevented || passing.has(form)) return;
  event.preventDefault();
  const { submitter } = event;
  if (await reachable()) { // the ordinary way: the server's own page comes next
    passing.add(form);
    form.removeAttribute('aria-busy');
    form.requestSubmit(submitter);
  } else {
    await keepAnswer(form, submitter);
  }
}

async function startKeepingPages() {
  const script = document.querySelector('meta[name="parcours-sw"]')?.content;
  if (!script || !navigator.serviceWorker) return;
  await navigator.serviceWorker.register(script, { scope: '/' });
  const ready = await navigator.serviceWorker.ready;
  const ahead = [...document.querySelectorAll('a[data-offline-prefetch]')].map((link) => link.href);
  ready.active?.postMessage({ keep: [location.href, ...ahead] });
}

async function start() {
  if (!store.available) return;
  document.addEventListener('submit', answerOffline);
  document.addEventListener(CHANGED, paint);
  addEventListener('online', async () => { await flush(); await paint(); });
  addEventListener('offline', paint);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) flush(); });
  await paint();
  await startKeepingPages();
  await flush();
  document.documentElement.dataset.offlineReady = 'yes';
}

start();
