//! What the owner asks the gateway: the verbs of `lareira admin`, and what is going on now.

import { request } from '/shared/request.js';

const call = (method, path, body) => request(method, `/admin/api/${path}`, body);

export const signIn = (code) => call('POST', 'sign-in', { code });
export const signOut = () => call('POST', 'sign-out', {});
export const now = () => call('GET', 'now');

/** Carries out one verb, with its fields where it has some. */
export const verb = (name, fields) => call('POST', 'verb', fields === undefined ? name : { [name]: fields });
