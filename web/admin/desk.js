// The owner's desk on the gateway: the verbs of `lareira admin`, and what is going on now.

/** Why something was not done; `status` 0 means that the gateway was not reached. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(`/admin/api/${path}`, body === undefined ? { method } : { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  } catch (error) {
    throw new Refused(0, 'unreachable', String(error));
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) { throw new Refused(response.status, answer.error?.code || '', answer.error?.message || response.statusText); }
  return answer;
}

export const signIn = (code) => call('POST', 'sign-in', { code });
export const signOut = () => call('POST', 'sign-out', {});
export const now = () => call('GET', 'now');

/** Carries out one verb, with its fields where it has some. */
export const verb = (name, fields) => call('POST', 'verb', fields === undefined ? name : { [name]: fields });
