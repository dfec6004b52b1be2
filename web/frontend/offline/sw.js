// The service worker: scripts, styles and fonts from the phone first; pages from the network first, from the phone when
// there is none, for a day at most. Only pages the server marks `X-Offline: keep` are kept: the others hold more than a
// visit needs. KEPT_OFFLINE and RELEASE are put in by the build.
const FILES = `parcours-files-${RELEASE}`;
const PAGES = 'parcours-pages';
const A_DAY = 24 * 3_600_000;
const KEPT_AT = 'X-Kept-At';

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(FILES).then((cache) => cache.addAll(KEPT_OFFLINE)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOlderRelease().then(() => self.clients.claim()));
});

// kept pages go too: they ask for the scripts and styles of the release that drew them
async function forgetOlderRelease() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== FILES).map((name) => caches.delete(name)));
}

async function keepPage(request, response) {
  if (!response.ok || response.redirected || response.headers.get('X-Offline') !== 'keep') return;
  const headers = new Headers(response.headers);
  headers.set(KEPT_AT, String(Date.now()));
  const copy = new Response(await response.clone().arrayBuffer(), { status: 200, headers });
  await (await caches.open(PAGES)).put(request.url, copy);
}

async function keptPage(request) {
  const kept = await (await caches.open(PAGES)).match(request.url);
  return kept && Date.now() - Number(kept.headers.get(KEPT_AT)) < A_DAY ? kept : undefined;
}

const NEVER_OPENED = `<!doctype html><html lang="fr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Hors ligne – Parcours</title>${KEPT_OFFLINE.filter((url) => url.endsWith('.css')).map((url) => `<link rel="stylesheet" href="${url}">`).join('')}
<main class="page page-narrow"><div class="empty"><h1>Cette page n’est pas sur ce téléphone</h1>
<p>Sans réseau, seules les pages déjà ouvertes aujourd’hui peuvent s’afficher. Vos réponses en attente sont gardées.</p>
<p><a class="button" href="/">Revenir à ma journée</a></p></div></main></html>`;

async function page(request) {
  try {
    const response = await fetch(request);
    await keepPage(request, response);
    return response;
  } catch {
    return (await keptPage(request)) ?? new Response(NEVER_OPENED, { status: 503, headers: { 'Content-Type': 'text/html; charset=utf-8' } });
  }
}

const file = async (request) => (await caches.match(request, { cacheName: FILES })) ?? fetch(request);

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (url.pathname.startsWith('/static/')) event.respondWith(file(request));
  else if (request.mode === 'navigate') event.respondWith(page(request));
});

async function keepAhead(urls) {
  for (const url of urls) {
    const request = new Request(url, { credentials: 'same-origin' });
    if (await keptPage(request)) continue;
    const response = await fetch(request).catch(() => null);
    if (response) await keepPage(request, response);
  }
}

self.addEventListener('message', (event) => {
  if (event.data.keep) event.waitUntil(keepAhead(event.data.keep));
  if (event.data.forget) event.waitUntil(caches.delete(PAGES));
});
