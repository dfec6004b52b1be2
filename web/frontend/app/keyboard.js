// Keys for people who work at a desk all day. Off inside fields and dialogs, and everywhere with <html data-keyboard="off">.
//   <a data-shortcut="g s">      two keys in a row follow the link; “/” may be put on a search field
//   <tr data-row>                j and k move between rows, Enter opens the row's first link
//   <button data-row-key="r">    acts on the current row
import { say } from './texts.js';

const WAIT_FOR_SECOND_KEY = 1200;
let pending = '';
let forget;

const busy = (target) => target.closest('input, select, textarea, dialog[open], [contenteditable], .djs-container, .bio-properties-panel');
const rows = () => [...document.querySelectorAll('[data-row]')].filter((row) => row.offsetParent !== null);
const currentRow = () => document.querySelector('[data-row].is-current');

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(currentRow());
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  currentRow()?.classList.remove('is-current');
  next.classList.add('is-current');
  (next.querySelector('a, button') ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}

function showHelp() {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog';
  const title = document.createElement('h2');
  title.textContent = say('shortcuts');
  const list = document.createElement('dl');
  list.className = 'facts';
  for (const element of document.querySelectorAll('[data-shortcut], [data-row-key]')) {
    const key = element.dataset.shortcut ?? element.dataset.rowKey;
    if ([...list.querySelectorAll('kbd')].some((known) => known.textContent === key)) continue;
    const term = document.createElement('dt');
    const kbd = document.createElement('kbd');
    kbd.textContent = key;
    term.append(kbd);
    const meaning = document.createElement('dd');
    meaning.textContent = element.getAttribute('aria-label') || element.textContent.trim() || element.placeholder || say('search');
    list.append(term, meaning);
  }
  const close = document.createElement('button');
  close.className = 'button button-quiet';
  close.dataset.closeDialog = '';
  close.textContent = say('close');
  dialog.append(title, list, close);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function follow(keys) {
  const target = document.querySelector(`[data-shortcut="${CSS.escape(keys)}"]`);
  if (!target) return false;
  if (target.matches('input, select, textarea')) target.focus();
  else target.click();
  return true;
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || busy(event.target)) return;
  const { key } = event;
  const keys = pending ? `${pending} ${key}` : key;
  pending = '';
  clearTimeout(forget);
  const act = currentRow()?.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
  if (follow(keys)) event.preventDefault();
  else if (key === 'j' || key === 'k') move(key === 'j' ? 1 : -1);
  else if (key === '?') showHelp();
  else if (act) act.click();
  else if (document.querySelector(`[data-shortcut^="${CSS.escape(key)} "]`)) {
    pending = key;
    forget = setTimeout(() => { pending = ''; }, WAIT_FOR_SECOND_KEY);
  }
}

export function startKeyboard() {
  if (document.documentElement.dataset.keyboard !== 'off') document.addEventListener('keydown', press);
}
