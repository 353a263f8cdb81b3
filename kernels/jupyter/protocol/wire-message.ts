// The Jupyter wire protocol, version 5.4: a message is frames, `[...identities, '<IDS|MSG>', signature, header, parent,
// metadata, content, ...buffers]`, signed with HMAC-SHA256 over its four JSON frames.

import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

export const PROTOCOL_VERSION = '5.4';
const DELIMITER = '<IDS|MSG>';

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

export type Content = Record<string, unknown>;

export interface Message {
  identities: Buffer[];
  header: Header;
  /** The header as received: replies return it unchanged. */
  headerText: string;
  /** `msg_id` of the message this one answers, or ''. */
  parent: string;
  content: Content;
  metadata: Content;
  buffers: Buffer[];
  signature: string;
}

/** Limits that no well-behaved front end reaches. Deeper JSON could overflow the stack of code that walks it. */
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_DEPTH = 500;

const sign = (key: string, frames: (string | Buffer)[]) => {
  const hmac = createHmac('sha256', key);
  for (const frame of frames) hmac.update(frame);
  return hmac.digest();
};

const isObject = (value: unknown): value is Content =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether JSON text nests too deep to parse, clone and print safely. */
function isTooDeep(json: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (inString) {
      if (byte === 0x5c)
        i++; // a backslash and the escaped character
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

/** Reads a message; undefined when it is malformed or its signature is wrong (an empty key means unsigned). */
export function decode(frames: Buffer[], key: string): Message | undefined {
  const delimiter = frames.findIndex((frame) => frame.length === DELIMITER.length && String(frame) === DELIMITER);
  if (delimiter < 0 || frames.length < delimiter + 6) return undefined;
  const parts = frames.slice(delimiter + 2, delimiter + 6);
  let signature = '';
  if (key) {
    const received = Buffer.from(frames[delimiter + 1].toString('latin1'), 'hex');
    const expected = sign(key, parts);
    if (received.length !== expected.length || !timingSafeEqual(received, expected)) return undefined;
    signature = expected.toString('latin1');
  }
  if (parts[0].length > MAX_HEADER_BYTES || parts.some(isTooDeep)) return undefined;
  try {
    const texts = parts.map((part) => part.toString('utf8'));
    const [header, parent, metadata, content] = texts.map((text) => JSON.parse(text));
    if (![header, parent, metadata, content].every(isObject)) return undefined;
    if (typeof header.msg_type !== 'string' || typeof header.msg_id !== 'string') return undefined;
    const field = (name: string) => (typeof header[name] === 'string' ? header[name] : '');
    return {
      identities: frames.slice(0, delimiter),
      header: {
        msg_id: header.msg_id,
        msg_type: header.msg_type,
        session: field('session'),
        username: field('username'),
        date: field('date'),
        version: field('version'),
      },
      headerText: texts[0],
      parent: typeof parent.msg_id === 'string' ? parent.msg_id : '',
      metadata,
      content,
      buffers: frames.slice(delimiter + 6),
      signature,
    };
  } catch {
    return undefined;
  }
}

export interface Envelope {
  key: string;
  session: string;
  /** The header of the message that is answered, as received. */
  parent?: string;
  identities?: (Buffer | string)[];
  metadata?: Content;
  buffers?: Uint8Array[];
  id?: string;
}

/** The frames of a new message; `content` may be JSON already. */
export function encode(type: string, content: Content | string, envelope: Envelope): (Buffer | string)[] {
  const { key, session, parent = '{}', identities = [], metadata = {}, buffers = [], id = randomUUID() } = envelope;
  const header: Header = {
    msg_id: id,
    msg_type: type,
    session,
    username: 'detlab',
    date: new Date().toISOString(),
    version: PROTOCOL_VERSION,
  };
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const parts = [JSON.stringify(header), parent, JSON.stringify(metadata), text];
  const signature = key ? sign(key, parts).toString('hex') : '';
  const binary = buffers.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return [...identities, DELIMITER, signature, ...parts, ...binary];
}
