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
  content: Content;
  metadata: Content;
}

const sign = (key: string, frames: (string | Buffer)[]) => {
  const hmac = createHmac('sha256', key);
  for (const frame of frames) hmac.update(frame);
  return hmac.digest();
};

/** Reads a message; undefined when it is malformed or its signature is wrong (an empty key means unsigned). */
export function decode(frames: Buffer[], key: string): Message | undefined {
  const delimiter = frames.findIndex((frame) => frame.toString('latin1') === DELIMITER);
  if (delimiter < 0 || frames.length < delimiter + 6) return undefined;
  const parts = frames.slice(delimiter + 2, delimiter + 6);
  if (key) {
    const given = Buffer.from(frames[delimiter + 1].toString('latin1'), 'hex');
    const expected = sign(key, parts);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  }
  try {
    const [header, , metadata, content] = parts.map((part) => JSON.parse(part.toString('utf8')));
    if (typeof header?.msg_type !== 'string' || typeof header.msg_id !== 'string') return undefined;
    return { identities: frames.slice(0, delimiter), header, metadata: metadata ?? {}, content: content ?? {} };
  } catch {
    return undefined;
  }
}

/** The frames of a new message that answers `parent`. */
export function encode(
  type: string,
  content: Content,
  options: { key: string; session: string; parent?: Header; identities?: (Buffer | string)[]; metadata?: Content },
): (Buffer | string)[] {
  const header: Header = {
    msg_id: randomUUID(),
    msg_type: type,
    session: options.session,
    username: options.parent?.username ?? 'detlab',
    date: new Date().toISOString(),
    version: PROTOCOL_VERSION,
  };
  const parts = [header, options.parent ?? {}, options.metadata ?? {}, content].map((part) => JSON.stringify(part));
  const signature = options.key ? sign(options.key, parts).toString('hex') : '';
  return [...(options.identities ?? []), DELIMITER, signature, ...parts];
}
