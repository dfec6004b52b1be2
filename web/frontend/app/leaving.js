// A computer that several people share: whoever signs out, or signs in after somebody else, leaves nothing of the other
// behind but answers not yet sent, which stay sealed for their author.
const PERSON = 'parcours-person';
const LONGEST = 1500;

const forget = () => import('../offline/forget.js').then(({ forgetPerson }) => forgetPerson());

async function leave(event) {
  const form = event.target.closest('form[data-sign-out]');
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  localStorage.removeItem(PERSON);
  await Promise.race([forget(), new Promise((done) => { setTimeout(done, LONGEST); })]).catch(() => {}); // leaving comes first
  form.submit();
}

export function startLeaving() {
  const account = document.querySelector('meta[name="parcours-account"]')?.content;
  const last = localStorage.getItem(PERSON);
  if (account && last && last !== account) forget();
  if (account) localStorage.setItem(PERSON, account);
  document.addEventListener('submit', leave);
}
