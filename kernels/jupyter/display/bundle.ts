// What goes into a display message: content by MIME type with metadata, cleaned for the wire, bounded in size, and never
// without a plain text.

import { types } from 'node:util';
import { imageWidth } from './image-size';
import { textOf } from './text';

/** Content by MIME type: JSON types hold values, images base64 strings or bytes, the rest strings. */
export type Bundle = Record<string, unknown>;

/** By MIME type (`{ 'image/png': { width: 400 } }`), or for the whole output. */
export type Metadata = Record<string, unknown>;

export interface Shown {
  data: Bundle;
  metadata: Metadata;
}

/** Something to show now, that may have more forms a moment later (a chart's PNG). */
export interface Draft extends Shown {
  finish?(): Promise<Shown>;
}

const IS_JSON = /^application\/(?:.*\+)?json$/;
const IS_TEXT = /^text\/|^image\/svg\+xml$|^application\/javascript$/;
const MOST_BYTES = 64 * 2 ** 20;
const WIDEST = 960;
const VEGA = /^application\/vnd\.vega(?:lite)?\.v\d+\+json$/;

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`;

/** The front end would choke on it. */
export class TooLarge extends RangeError {
  constructor(type: string, bytes: number) {
    super(
      `Cannot display ${megabytes(bytes)} of ${type}: a notebook output holds at most ${megabytes(MOST_BYTES)}. ` +
        `Show a smaller picture or a part of it, or write it to a file`,
    );
  }
}

function cleanJson(type: string, value: unknown): [value: unknown, bytes: number] {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`Cannot display ${type}: the value is no JSON: ${(error as Error).message}`);
  }
  if (text !== undefined && text.length > MOST_BYTES) throw new TooLarge(type, text.length);
  return text === undefined ? [undefined, 0] : [JSON.parse(text), text.length];
}

/**
 * Makes a bundle fit for a message: images in base64, JSON types as JSON, everything else as text.
 * @throws TooLarge when it is too large for a front end; TypeError for JSON that is none
 */
export function cleanBundle(bundle: Bundle): Bundle {
  const clean: Bundle = {};
  let total = 0;
  for (const [type, value] of Object.entries(bundle)) {
    if (value === undefined || value === null) continue;
    let bytes: number;
    if (value instanceof Uint8Array || types.isUint8Array(value)) {
      if (value.byteLength * (4 / 3) > MOST_BYTES) throw new TooLarge(type, value.byteLength);
      const encoding = IS_TEXT.test(type) || IS_JSON.test(type) ? 'utf8' : 'base64';
      const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(encoding);
      clean[type] = text;
      bytes = text.length;
    } else if (IS_JSON.test(type)) {
      [clean[type], bytes] = cleanJson(type, value);
    } else {
      const text = Array.isArray(value) ? value.join('') : typeof value === 'string' ? value : textOf(value);
      clean[type] = text;
      bytes = text.length;
    }
    total += bytes;
    if (total > MOST_BYTES) throw new TooLarge(type, total);
  }
  if (clean['text/plain'] === undefined) clean['text/plain'] = plainText(clean);
  return clean;
}

const PLAIN_OF_HTML: [RegExp, string][] = [
  [/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, ''],
  [/<br\s*\/?>|<\/(?:p|div|tr|li|h\d|pre|table|caption)>/gi, '\n'],
  [/<\/t[dh]>/gi, '  '],
  [/<[^>]*>/g, ''],
  [/&nbsp;/g, ' '],
  [/&lt;/g, '<'],
  [/&gt;/g, '>'],
  [/&quot;/g, '"'],
  [/&#39;/g, "'"],
  [/&amp;/g, '&'],
  [/[ \t]+$/gm, ''],
  [/\n{3,}/g, '\n\n'],
];
const LONGEST_PLAIN = 20_000;

/** What a front end without any of the other types shows: a notebook in a terminal, a diff. */
function plainText(data: Bundle): string {
  for (const type of ['text/markdown', 'text/latex']) if (typeof data[type] === 'string') return data[type] as string;
  const html = data['text/html'];
  if (typeof html === 'string') {
    const text = PLAIN_OF_HTML.reduce((rest, [from, to]) => rest.replace(from, to), html.slice(0, 10 * LONGEST_PLAIN));
    if (text.trim()) return text.trim().slice(0, LONGEST_PLAIN);
  }
  const json = Object.keys(data).find((type) => type === 'application/json');
  if (json) return textOf(data[json]);
  return Object.keys(data)
    .map((type) => `<${type}>`)
    .join(' ');
}

/**
 * A bundle with its metadata, ready to be sent. Where no width is given, a chart's PNG, drawn at twice its size, gets half
 * its pixels, and a picture wider than a page the page's width.
 */
export function shownOf(bundle: Bundle, metadata: Metadata = {}): Shown {
  const data = cleanBundle(bundle);
  const [cleanMetadata] = cleanJson('metadata', metadata);
  const complete = (cleanMetadata ?? {}) as Metadata;
  const isChart = Object.keys(data).some((type) => VEGA.test(type));
  for (const type of ['image/png', 'image/jpeg']) {
    if (typeof data[type] !== 'string' || complete[type] !== undefined) continue;
    const width = imageWidth(Buffer.from(data[type].slice(0, 400_000), 'base64'));
    if (width === undefined) continue;
    const wanted = Math.min(WIDEST, isChart ? Math.ceil(width / 2) : width);
    if (wanted < width) complete[type] = { width: wanted };
  }
  return { data, metadata: complete };
}

/** Whether an object can be a bundle: its keys are MIME types. */
export function isBundle(value: unknown): value is Bundle {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  try {
    const keys = Object.keys(value);
    return keys.length > 0 && keys.every((key) => /^[\w.+-]+\/[\w.+-]+/.test(key));
  } catch {
    return false;
  }
}
