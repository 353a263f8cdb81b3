// Reads JSON as Python's tools write it: with NaN and Infinity, a byte order mark, or integers above 2^53, which are kept
// as strings so that no two ids become one.

import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { LIMITS, readBounded } from './bounded-read';

/** Strings (left alone), values that are no JSON, and long integers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
const LONG_INTEGER = /[[:,]\s*-?\d{16,}\s*[,}\]]/;

export interface JsonFile {
  json: unknown;
  /** How the file deviates from JSON, one sentence each. */
  notices: string[];
}

/**
 * The value of a JSON file.
 * @throws DetLabError naming the file, when it does not exist or is not JSON
 */
export async function readJson(file: string, what = 'file'): Promise<JsonFile> {
  let bytes: Buffer;
  try {
    bytes = await readBounded(file, LIMITS.json);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new DetLabError((error as Error).message.replace(/^Cannot read /, `Cannot find the ${what} `));
  }
  const notices: string[] = [];
  const text = decodeText(bytes, file, notices);
  if (text.trim() === '') throw new DetLabError(`Cannot read "${file}" as JSON: it is empty`);
  try {
    const { json, absent } = parseJson(text);
    if (absent > 0) notices.push(absentNotice(file, absent));
    return { json, notices };
  } catch (error) {
    throw notJson(file, (error as Error).message);
  }
}

/** What is said of values that are no JSON. */
export const absentNotice = (file: string, count: number): string =>
  `${path.basename(file)}: ${count} ${count === 1 ? 'value is' : 'values are'} NaN or Infinity, read as absent`;

/**
 * The value of a text, and how many of its values are NaN or Infinity, which are null.
 * @throws SyntaxError when it is not JSON
 */
export function parseJson(text: string): { json: unknown; absent: number } {
  if (!LONG_INTEGER.test(text)) {
    try {
      return { json: JSON.parse(text), absent: 0 };
    } catch (error) {
      if (!/\b(NaN|Infinity)\b/.test(text)) throw error;
    }
  }
  let absent = 0;
  const readable = text.replace(TOKENS, (token) => {
    if (token.startsWith('"')) return token;
    if (/\d/.test(token)) return Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
    absent++;
    return 'null';
  });
  return { json: JSON.parse(readable), absent };
}

export const encodingNotice = (file: string): string =>
  `${path.basename(file)} is not UTF-8: read as Windows-1252; check the names of its classes and files`;

/** UTF-8, or UTF-16 by its byte order mark; anything else as Windows-1252, so that distinct names stay distinct. */
function decodeText(bytes: Buffer, file: string, notices: string[]): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  if (!isUtf8(bytes)) {
    notices.push(encodingNotice(file));
    return new TextDecoder('windows-1252').decode(bytes);
  }
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

export const notJson = (file: string, why: string): DetLabError =>
  new DetLabError(`Cannot read "${file}" as JSON: ${why}`);
