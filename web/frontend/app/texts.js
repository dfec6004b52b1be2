// The few words that scripts put on a page; everything else is written by the server. French unless the page is English.
const french = {
  back: 'Revenir', close: 'Fermer', confirm: 'Confirmer', search: 'Rechercher',
  draftHere: 'Brouillon gardé sur ce téléphone à {time}',
  draftSent: 'Brouillon enregistré à {time}',
  draftFailed: 'Brouillon non enregistré : vérifiez la connexion',
  draftRestored: 'Votre brouillon de {time} a été repris',
  sending: 'Envoi…',
  keptHere: 'Sur ce téléphone, pas encore envoyé. L’envoi se fera dès que le réseau revient.',
  sent: 'Envoyé à {time}', toCheck: 'À vérifier', waiting: 'En attente d’envoi',
  alreadyDone: 'Quelqu’un d’autre a déjà répondu. Votre saisie est gardée ici ; ouvrez la tâche pour comparer.',
  refused: 'La réponse n’a pas été acceptée. Votre saisie est gardée ici.',
  signInAgain: 'Votre session a expiré. Reconnectez-vous : votre saisie est gardée et partira ensuite.',
  otherAccount: 'Saisi par une autre personne sur ce téléphone : partira à sa prochaine connexion.',
  offlineNone: 'Hors ligne. Ce que vous saisissez est gardé sur ce téléphone.',
  offlineOne: 'Hors ligne. 1 réponse en attente d’envoi.',
  offlineMany: 'Hors ligne. {count} réponses en attente d’envoi.',
  onlineOne: '1 réponse en attente d’envoi.', onlineMany: '{count} réponses en attente d’envoi.',
  upToDate: 'À jour {time}', offline: 'Hors ligne', checkOne: '1 envoi à vérifier', checkMany: '{count} envois à vérifier',
  nothingToSend: 'Rien en attente. Tout ce que vous avez saisi est arrivé.',
  retry: 'Renvoyer', see: 'Voir la tâche', remove: 'Retirer', removeQuestion: 'Retirer cette réponse ? Ce que vous aviez saisi sera perdu.',
  keyWaiting: 'Suivez ce que demande votre appareil…', keyAbsent: 'La clé n’a pas été présentée. Vous pouvez recommencer.',
  keyKnown: 'Cet appareil a déjà une clé dans votre compte.', keyFailed: 'La clé n’a pas pu servir. Recommencez, ou entrez autrement.',
  shortcuts: 'Raccourcis clavier', failed: 'La page n’a pas pu être mise à jour. Vérifiez la connexion, puis réessayez.',
};
const english = {
  back: 'Go back', close: 'Close', confirm: 'Confirm', search: 'Search',
  draftHere: 'Draft kept on this phone at {time}',
  draftSent: 'Draft saved at {time}',
  draftFailed: 'Draft not saved: check the connection',
  draftRestored: 'Your draft of {time} was restored',
  sending: 'Sending…',
  keptHere: 'On this phone, not sent yet. It will be sent as soon as the network is back.',
  sent: 'Sent at {time}', toCheck: 'To check', waiting: 'Waiting to be sent',
  alreadyDone: 'Somebody else has already answered. What you typed is kept here; open the task to compare.',
  refused: 'The answer was not accepted. What you typed is kept here.',
  signInAgain: 'Your session has expired. Sign in again: what you typed is kept and will be sent then.',
  otherAccount: 'Typed by another person on this phone: will be sent when they next sign in.',
  offlineNone: 'Offline. What you type is kept on this phone.',
  offlineOne: 'Offline. 1 answer waiting to be sent.',
  offlineMany: 'Offline. {count} answers waiting to be sent.',
  onlineOne: '1 answer waiting to be sent.', onlineMany: '{count} answers waiting to be sent.',
  upToDate: 'Up to date {time}', offline: 'Offline', checkOne: '1 answer to check', checkMany: '{count} answers to check',
  nothingToSend: 'Nothing waiting. Everything you typed has arrived.',
  retry: 'Send again', see: 'See the task', remove: 'Remove', removeQuestion: 'Remove this answer? What you typed will be lost.',
  keyWaiting: 'Follow what your device asks…', keyAbsent: 'The key was not presented. You may try again.',
  keyKnown: 'This device already has a key in your account.', keyFailed: 'The key could not be used. Try again, or enter another way.',
  shortcuts: 'Keyboard shortcuts', failed: 'The page could not be updated. Check the connection, then try again.',
};

export const language = document.documentElement.lang === 'en' ? 'en' : 'fr';
const texts = language === 'en' ? english : french;

export function say(name, values = {}) {
  return texts[name].replace(/{(\w+)}/g, (_, key) => String(values[key]));
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: 'numeric', minute: '2-digit', timeZone: document.documentElement.dataset.zone || undefined,
});

// the server writes times so: « 14 h 30 », « 9 h »; “14:30” in English
export function timeOf(date) {
  const text = clock.format(date);
  if (language === 'en') return text;
  const [hours, minutes] = text.split(':');
  return `${Number(hours)} h${minutes === '00' ? '' : ` ${minutes}`}`;
}
