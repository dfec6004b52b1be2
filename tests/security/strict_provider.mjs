// An OpenID provider as strict as Pro Santé Connect: PKCE required, acr and auth_time said, its own sign-in page.
// Usage: node strict_provider.mjs PORT REDIRECT_URI PEOPLE.json   (PEOPLE: login → claims)
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const [port, redirectUri, peopleFile] = process.argv.slice(2);
const people = JSON.parse(readFileSync(peopleFile, 'utf8'));
const claims = [...new Set(Object.values(people).flatMap((one) => Object.keys(one)))];
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'parcours', client_secret: 's'.repeat(40), redirect_uris: [redirectUri],
    grant_types: ['authorization_code'], response_types: ['code'],
  }],
  jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256', kid: 'one' }] },
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  acrValues: ['eidas1'],
  claims: { acr: null, auth_time: null, openid: ['sub', 'acr', 'auth_time'], profile: claims },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_context, interaction) => `/carte/${interaction.uid}` },
  findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, ...people[sub] }) }),
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
});
const oidc = provider.callback();

const PAGE = `<!doctype html><html lang="fr"><meta charset="utf-8"><title>Votre carte</title>
<h1>Votre carte professionnelle</h1>
<form method="post"><label>Numéro <input name="login"></label><button>Valider sur mon téléphone</button></form></html>`;

async function card(request, response) {
  await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE);
    return;
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const accountId = new URLSearchParams(Buffer.concat(chunks).toString()).get('login');
  const result = people[accountId]
    ? { login: { accountId, acr: 'eidas1', amr: ['mfa'] } }
    : { error: 'access_denied', error_description: 'unknown card' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

createServer((request, response) => {
  if (!request.url.startsWith('/carte/')) oidc(request, response);
  else card(request, response).catch(() => response.writeHead(400).end('Recommencez.'));
}).listen(Number(port), '127.0.0.1');
