// What the phone keeps: drafts and answers not yet sent, in IndexedDB, encrypted under a key that cannot leave it.
// Without a secure page (https or this machine) there is no encryption, so nothing is kept: `available` says so.
const NAME = 'parcours';
const STORES = ['keys', 'drafts', 'outbox'];

export const available = Boolean(globalThis.indexedDB && globalThis.crypto?.subtle);

const promised = (request) => new Promise((done, failed) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => failed(request.error);
});

let opened;
function open() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name, { keyPath: 'id' }));
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  return opened;
}

async function within(store, mode, act) {
  const transaction = (await open()).transaction(store, mode);
  return promised(act(transaction.objectStore(store)));
}

async function key() {
  const kept = await within('keys', 'readonly', (store) => store.get('content'));
  if (kept) return kept.key;
  const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  await within('keys', 'readwrite', (store) => store.put({ id: 'content', key: fresh }));
  return (await within('keys', 'readonly', (store) => store.get('content'))).key; // two tabs: the stored one wins
}

async function seal(content) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return { iv, bytes: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await key(), bytes) };
}

async function unseal(record) {
  if (!record) return undefined;
  const { iv, bytes } = record.sealed;
  const open_ = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await key(), bytes);
  return { id: record.id, ...JSON.parse(new TextDecoder().decode(open_)) };
}

export async function put(store, { id, ...content }) {
  const sealed = await seal(content);
  await within(store, 'readwrite', (records) => records.put({ id, sealed }));
}

export async function get(store, id) {
  return unseal(await within(store, 'readonly', (records) => records.get(id)));
}

export async function all(store) {
  const records = await within(store, 'readonly', (one) => one.getAll());
  return Promise.all(records.map(unseal));
}

export async function remove(store, id) {
  await within(store, 'readwrite', (records) => records.delete(id));
}

// at sign-out: drafts and the pages kept for later go; answers not yet sent stay, sealed, for their author
export async function forgetDrafts() {
  await within('drafts', 'readwrite', (records) => records.clear());
}
