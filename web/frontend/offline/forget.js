// What somebody who leaves takes along: their drafts and the pages kept for the road.
import * as store from './store.js';

export async function forgetPerson() {
  const ready = await navigator.serviceWorker?.getRegistration('/');
  ready?.active?.postMessage({ forget: true });
  if (store.available) await store.forgetDrafts();
}
