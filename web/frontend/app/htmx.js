// htmx under a strict content policy: no eval, no inline style, and no page of a patient kept in the browser's storage.
const settings = {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  responseHandling: [
    { code: '204', swap: false },
    { code: '[23]..', swap: true },
    { code: '4(09|22)', swap: true }, // a refusal is a page: the sentence belongs on it
    { code: '[45]..', swap: false, error: true },
  ],
};

// htmx reads its settings while it starts, and starts while it loads, but only in a document that is complete
const complete = () => new Promise((go) => {
  if (document.readyState === 'complete') go();
  else addEventListener('load', go, { once: true });
});

export async function startHtmx() {
  const meta = document.createElement('meta');
  meta.name = 'htmx-config';
  meta.content = JSON.stringify(settings);
  document.head.append(meta);
  await complete();
  await import('htmx.org');
}
