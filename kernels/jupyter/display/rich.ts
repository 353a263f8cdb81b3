// Values that are shown as one MIME type: html`<b>${name}</b>`, markdown`...`, latex`...`, svg`...`. They can be the
// last expression of a cell, passed to display(), or nested.

import { inspect } from 'node:util';
import { escapeHtml } from '../../../src/visualization/escape';
import { type Bundle, cleanBundle, type Metadata } from './bundle';

const DISPLAY = Symbol.for('Jupyter.display');

export class Rich {
  constructor(
    readonly data: Bundle,
    readonly metadata: Metadata = {},
  ) {}

  [DISPLAY](): [Bundle, Metadata] {
    return [this.data, this.metadata];
  }

  toString(): string {
    return String(cleanBundle(this.data)['text/plain']);
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

export type Tag = (strings: TemplateStringsArray | string, ...values: unknown[]) => Rich;

/** An interpolated value: a value of the same type is kept, everything else is escaped. */
function interpolated(value: unknown, type: string, escaped: (text: string) => string): string {
  if (value instanceof Rich && typeof value.data[type] === 'string') return value.data[type];
  if (Array.isArray(value)) return value.map((part) => interpolated(part, type, escaped)).join('');
  if (value === undefined || value === null || value === false) return '';
  return escaped(String(value));
}

function tag(type: string, escaped: (text: string) => string): Tag {
  return (strings, ...values) => {
    if (typeof strings === 'string') return new Rich({ [type]: strings });
    const parts = strings.map((text, i) => text + (i < values.length ? interpolated(values[i], type, escaped) : ''));
    return new Rich({ [type]: parts.join('') });
  };
}

/** Escapes the markup of Markdown, and HTML, which Markdown may contain. */
const escapeMarkdown = (text: string) => escapeHtml(text).replace(/[\\`*_{}[\]()#+!|~$]/g, '\\$&');
/** Escapes LaTeX's special characters. */
const escapeLatex = (text: string) =>
  text.replace(/[\\^~]|[#$%&_{}]/g, (c) =>
    c === '\\' ? '\\backslash{}' : c === '^' ? '\\hat{}' : c === '~' ? '\\sim{}' : `\\${c}`,
  );

export const html = tag('text/html', escapeHtml);
export const markdown = tag('text/markdown', escapeMarkdown);
export const latex = tag('text/latex', escapeLatex);
export const svg = tag('image/svg+xml', escapeHtml);
