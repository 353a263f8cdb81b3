// MIME bundles, the content of display messages: by MIME type, with metadata, converted to JSON, limited in size, and
// always with a plain text.

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

/** Content to show now, which `finish` completes with further MIME types (a chart's PNG). */
export interface Draft extends Shown {
  finish?(): Promise<Shown>;
}

const IS_JSON = /^application\/(?:.*\+)?json$/;
const IS_TEXT = /^text\/|^image\/svg\+xml$|^application\/javascript$/;
const MAX_BYTES = 64 * 2 ** 20;
const PAGE_WIDTH = 960;
const VEGA = /^application\/vnd\.vega(?:lite)?\.v\d+\+json$/;

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`;

/** Content that is too large for a front end. */
export class TooLarge extends RangeError {
  constructor(type: string, bytes: number) {
    super(
      `Cannot display ${megabytes(bytes)} of ${type}: a notebook output holds at most ${megabytes(MAX_BYTES)}. ` +
        `Show a smaller image or a part of it, or write it to a file`,
    );
  }
}

function cleanJson(type: string, value: unknown): [value: unknown, bytes: number] {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`Cannot display ${type}: the value cannot be written as JSON: ${(error as Error).message}`);
  }
  if (text !== undefined && text.length > MAX_BYTES) throw new TooLarge(type, text.length);
  return text === undefined ? [undefined, 0] : [JSON.parse(text), text.length];
}

/**
 * Converts a bundle for a message: images to base64, JSON types to JSON, everything else to text.
 * @throws TooLarge when it is too large for a front end; TypeError when a JSON type cannot be written as JSON
 */
export function cleanBundle(bundle: Bundle): Bundle {
  const clean: Bundle = {};
  let total = 0;
  for (const [type, value] of Object.entries(bundle)) {
    if (value === undefined || value === null) continue;
    let bytes: number;
    if (value instanceof Uint8Array || types.isUint8Array(value)) {
      if (value.byteLength * (4 / 3) > MAX_BYTES) throw new TooLarge(type, value.byteLength);
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
    if (total > MAX_BYTES) throw new TooLarge(type, total);
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
const MAX_PLAIN = 20_000;

/** The text for front ends that show none of the other types: a terminal, a diff. */
function plainText(data: Bundle): string {
  for (const type of ['text/markdown', 'text/latex']) if (typeof data[type] === 'string') return data[type] as string;
  const html = data['text/html'];
  if (typeof html === 'string') {
    const text = PLAIN_OF_HTML.reduce((rest, [from, to]) => rest.replace(from, to), html.slice(0, 10 * MAX_PLAIN));
    if (text.trim()) return text.trim().slice(0, MAX_PLAIN);
  }
  const json = Object.keys(data).find((type) => type === 'application/json');
  if (json) return textOf(data[json]);
  return Object.keys(data)
    .map((type) => `<${type}>`)
    .join(' ');
}

/**
 * A bundle with its metadata, ready to be sent. Images without a width get one: a chart's PNG, drawn at twice its size,
 * half its pixels; an image wider than the page, the page's width.
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
    const shownWidth = Math.min(PAGE_WIDTH, isChart ? Math.ceil(width / 2) : width);
    if (shownWidth < width) complete[type] = { width: shownWidth };
  }
  return { data, metadata: complete };
}

/** Whether an object is a bundle: all its keys are MIME types. */
export function isBundle(value: unknown): value is Bundle {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  try {
    const keys = Object.keys(value);
    return keys.length > 0 && keys.every((key) => /^[\w.+-]+\/[\w.+-]+/.test(key));
  } catch {
    return false;
  }
}
