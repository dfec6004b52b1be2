// Every page: the look, and what makes a page easier without being needed. Each page works with scripts off.
import '../styles/app.css';
import { startConditions } from './conditions.js';
import { startDialogs } from './dialogs.js';
import { startForms } from './forms.js';
import { startKeyboard } from './keyboard.js';
import { startLeaving } from './leaving.js';
import { refreshTimes, startTimes } from './times.js';
import { say } from './texts.js';
import { startToasts, toast } from './toasts.js';

startDialogs(); // before everything that listens to “submit”: it may stop it
startForms();
startConditions();
startTimes();
startToasts();
startKeyboard();
startLeaving();

if (document.querySelector('form[data-draft]')) import('./drafts.js').then(({ startDrafts }) => startDrafts());

// only pages that refresh or filter themselves pay for htmx
if (document.querySelector('[hx-get], [hx-post], [hx-put], [hx-delete], [hx-boost]')) {
  document.body.addEventListener('htmx:configRequest', (event) => {
    const token = document.querySelector('meta[name="csrf-token"]');
    if (token) event.detail.headers['X-CSRFToken'] = token.content;
  });
  document.body.addEventListener('htmx:afterSwap', (event) => {
    refreshTimes(event.target);
    startConditions(event.target);
  });
  document.body.addEventListener('htmx:responseError', () => toast(say('failed'), 'late'));
  import('./htmx.js').then(({ startHtmx }) => startHtmx());
}
