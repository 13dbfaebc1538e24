//! The seal on contacts (docs/contacts.md): AES-128-GCM with the phone's own key, besides TLS.

/** `value` as the gateway takes it: sealed where the browser can. `own` is what `GET me` tells. */
export async function sealed({ contacts_key: key, phone_id: id }, value) {
  if (!crypto.subtle) { return value; }
  const bytes = Uint8Array.from(atob(key.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));
  const aes = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const encoder = new TextEncoder();
  const text = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: encoder.encode(id) }, aes,
    encoder.encode(JSON.stringify(value)));
  return { sealed: btoa([...iv, ...new Uint8Array(text)].map((byte) => String.fromCharCode(byte)).join('')) };
}
