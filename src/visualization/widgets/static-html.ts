// Widgets as plain HTML, for pages without Jupyter's widgets: a label, and the value at its place.

import { escapeHtml } from '../escape';

/** A description and what it describes, in a line. */
export function labelled(description: string, body: string): string {
  const label = description
    ? `<span style="display:inline-block;min-width:80px;text-align:right">${escapeHtml(description)}</span> `
    : '';
  return `<div style="margin:2px 0">${label}${body}</div>`;
}

/** A bar from `from` to `to`, as shares of its width. */
export function bar(from: number, to: number): string {
  const percent = (share: number) => `${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}%`;
  const rail = 'display:inline-block;width:160px;height:6px;border:1px solid #888;border-radius:4px;overflow:hidden';
  const fill = `display:block;height:6px;margin-left:${percent(from)};width:${percent(to - from)};background:#2196f3`;
  return `<span style="${rail};vertical-align:middle"><span style="${fill}"></span></span>`;
}

/** Text in a frame: a field, a button, a choice. */
export const framed = (text: string): string =>
  `<span style="display:inline-block;min-width:60px;padding:1px 8px;border:1px solid #888;border-radius:3px">${escapeHtml(text) || '&nbsp;'}</span>`;

/** `score: 0.3`. */
export const labelledText = (description: string, text: string): string =>
  description ? `${description}: ${text}` : text;
