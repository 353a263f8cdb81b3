// The text of a file in whatever encoding it is: by its byte order mark, by what its XML declaration says, else UTF-8.

import { TextDecoder } from 'node:util';
import { DetLabError } from '../../errors';

/** Where UTF-8 was expected and the bytes are not: the encoding that most tools without Unicode write. */
const FALLBACK = 'windows-1252';
const DECLARATION_BYTES = 200;

export interface DecodedText {
  text: string;
  /** Set when the bytes are not of the encoding that was said or expected: the one in which they were read. */
  guessed?: string;
}

/**
 * Decodes text, XML or plain.
 *
 * @throws DetLabError for a declared encoding that is not known
 * @example decodeText(Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?>...')).text
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const marked = markedEncoding(bytes);
  const encoding = marked ?? declaredEncoding(bytes) ?? 'utf-8';
  try {
    return { text: decoder(encoding).decode(bytes) };
  } catch (error) {
    if (error instanceof DetLabError) throw error;
    return { text: decoder(FALLBACK).decode(bytes), guessed: FALLBACK };
  }
}

function decoder(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new DetLabError(`it declares the encoding "${encoding}", which is not known. Save it as UTF-8`);
  }
}

/** By a byte order mark, or the zeros between the characters of a UTF-16 file that begins with `<`. */
function markedEncoding([a, b, c]: Uint8Array): string | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)) return 'utf-16le';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c)) return 'utf-16be';
  return undefined;
}

function declaredEncoding(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, DECLARATION_BYTES)).toString('latin1');
  const declared = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)["']/i.exec(start)?.[1];
  // a declaration that can be read byte by byte is not in UTF-16, whatever it says
  return declared && /^(utf-?16|ucs-?2|unicode)/i.test(declared) ? undefined : declared;
}
