// Keeps “il y a 5 min” true while a page stays open: <time datetime="2026-11-22T10:00Z" data-relative>.
// The server's now is on <html data-now>: phone clocks are wrong, and a demo territory lives at another date. Without a
// network the page may be one that was kept, and its now is long past: then the phone's own clock is all there is.
import { language } from './texts.js';

const started = Date.now();
const told = navigator.onLine ? Date.parse(document.documentElement.dataset.now ?? '') : NaN;
const skew = Number.isNaN(told) ? 0 : told - started;
export const serverTime = (phoneTime) => phoneTime + skew;
export const now = () => serverTime(Date.now());

const units = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]];
const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });

export function relative(instant) {
  const distance = instant - now();
  const [unit, length] = units.find(([, size]) => Math.abs(distance) >= size) ?? ['minute', 60_000];
  return words.format(Math.trunc(distance / length), unit);
}

export function refreshTimes(root = document) {
  for (const element of root.querySelectorAll('time[data-relative]')) {
    element.textContent = relative(Date.parse(element.dateTime));
  }
}

export function startTimes() {
  refreshTimes();
  setInterval(refreshTimes, 30_000);
}
