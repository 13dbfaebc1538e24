//! Asking the gateway: JSON there and back. What goes wrong is a Refused.

/** The gateway's refusal: `status`, `code`, and a message for people. `status` 0: it can't be reached. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

/** Asks at an address; `body` is sent as JSON, a Blob as it is. `more`: what else `fetch` is told. */
export async function request(method, address, body, { headers = {}, ...more } = {}) {
  const isFile = body instanceof Blob;
  const type = body === undefined ? {} : { 'Content-Type': isFile ? body.type : 'application/json' };
  let response;
  try {
    response = await fetch(address, {
      method, headers: { ...headers, ...type }, body: isFile || body === undefined ? body : JSON.stringify(body), cache: 'no-store',
        ...more,
    });
  } catch {
    throw new Refused(0, 'unreachable', '');
  }
  const answer = await response.json().catch(() => ({}));
  const { code = 'unknown', message = `${response.status}` } = answer.error || {};
  if (!response.ok) { throw new Refused(response.status, code, message); }
  return answer;
}
