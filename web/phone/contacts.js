//! An address book as text: a vCard file (RFC 6350, and 2.1 and 3.0 before it) or a pasted list, made into contacts.
//! Pure. Which writing of a number means which number is the gateway's to say.

/** The region this phone is set to, such as `PT`, where it says so: national numbers are taken to be from there. */
export const region = () => /-([A-Z]{2})\b/.exec(navigator.language)?.[1];

/** Of a line, no more is looked at. */
const LONGEST = 400;

/** Contacts `{name, msisdn?, email?}` from whatever was given: one for each number and each address. */
export function contactsOf(text) {
  return /^BEGIN:VCARD/im.test(text) ? ofCards(text) : ofLines(text);
}

function ofCards(text) {
  const found = [];
  let name = '';
  // A line that begins with a space, or (quoted-printable) with "=" after one that ends in "=", goes on with the one before.
  const lines = text.replace(/\r\n?/g, '\n').replace(/\n[ \t]/g, '').replace(/=\n(?==)/g, '').split('\n');
  let card = [];
  for (const line of lines) {
    const [, property, parameters, raw] = /^(?:[\w-]+\.)?([\w-]+)((?:;[^:]*)?):(.*)$/.exec(line) || [];
    if (!property) { continue; }
    const value = plain(raw, parameters);
    switch (property.toUpperCase()) {
      case 'BEGIN': name = ''; card = []; break;
      case 'FN': name = value; break;
      case 'N': name ||= value.split(';').slice(0, 2).reverse().filter(Boolean).join(' '); break;
      case 'TEL': card.push({ msisdn: value.replace(/^tel:/i, '') }); break;
      case 'EMAIL': card.push({ email: value.replace(/^mailto:/i, '') }); break;
      case 'END': found.push(...card.map((one) => ({ name, ...one }))); break;
      default:
    }
  }
  return found;
}

function plain(raw, parameters) {
  if (/QUOTED-PRINTABLE/i.test(parameters)) {
    const bytes = raw.replace(/=([0-9A-F]{2})/gi, (_, hex) => `%${hex}`);
    try { return decodeURIComponent(bytes); } catch { return raw; }
  }
  return raw.replace(/\\n/gi, ' ').replace(/\\([\\,;])/g, '$1').trim();
}

/** Each line, or each part between commas or semicolons, that has a number or an address in it. */
function ofLines(text) {
  const found = [];
  for (const whole of text.split(/[\n\r,;\t]+/)) {
    const part = whole.slice(0, LONGEST);
    const email = /[^\s<>"()@]{1,64}@[^\s<>"()@]+\.[^\s<>"()@]+/.exec(part);
    const number = /\+?\(?\d[\d ().\-\/]{4,}\d/.exec(part);
    const match = email || number;
    if (match) {
      const name = part.replace(match[0], '').replace(/[<>"():]/g, '').trim();
      found.push({ name, ...(email ? { email: match[0] } : { msisdn: match[0].trim() }) });
    }
  }
  return found;
}

/** What the Contact Picker (ContactsManager.select) gave. */
export function ofPicker(people) {
  return people.flatMap(({ name = [], tel = [], email = [] }) =>
    [...tel.map((msisdn) => ({ name: name[0] || '', msisdn })), ...email.map((one) => ({ name: name[0] || '', email: one }))]);
}
