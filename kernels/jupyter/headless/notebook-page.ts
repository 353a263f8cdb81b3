// An executed notebook as one HTML page, for machines without nbconvert. Of Markdown it supports what the tutorials
// use: headings, paragraphs, lists, code, emphasis and links.

import { escapeHtml } from '../../../src/visualization/escape';
import type { Notebook, NotebookCell, Output } from './output-collector';

const joinLines = (text: unknown) => (Array.isArray(text) ? text.join('') : String(text ?? ''));

function inline(text: string): string {
  return escapeHtml(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/(^|[\s(])[*_]([^*_\s][^*_]*)[*_](?=[\s).,;:]|$)/g, '$1<em>$2</em>')
    .replace(/\[([^\]]+)\]\((https?:[^)\s]+|[\w./-]+)\)/g, '<a href="$2">$1</a>');
}

/** Markdown to HTML; HTML in it is escaped. */
export function markdownToHtml(markdown: string): string {
  const blocks: string[] = [];
  // Fenced code first: blank lines in it do not separate blocks.
  for (const [i, part] of markdown.split(/^```[^\n]*$/m).entries()) {
    if (i % 2 === 1) {
      blocks.push(`<pre>${escapeHtml(part.replace(/^\n|\n$/g, ''))}</pre>`);
      continue;
    }
    for (const block of part.split(/\n\s*\n/).map((text) => text.trim())) {
      if (!block) continue;
      const [, level, title, rest] = /^(?:(#{1,6})\s+(.*)\n?)?([\s\S]*)$/.exec(block)!;
      if (level) blocks.push(`<h${level.length}>${inline(title)}</h${level.length}>`);
      if (/^[-*] /.test(rest)) {
        const items = rest.split(/\n(?=[-*] )/).map((item) => `<li>${inline(item.slice(2))}</li>`);
        blocks.push(`<ul>${items.join('')}</ul>`);
      } else if (rest) blocks.push(`<p>${inline(rest)}</p>`);
    }
  }
  return blocks.join('\n');
}

function outputToHtml(output: Output): string {
  if (output.output_type === 'stream')
    return `<pre class="${escapeHtml(String(output.name))}">${escapeHtml(joinLines(output.text))}</pre>`;
  if (output.output_type === 'error')
    return `<pre class="error">${escapeHtml(joinLines(output.traceback?.join('\n')))}</pre>`;
  const data = output.data ?? {};
  if (data['text/html']) return `<div>${joinLines(data['text/html'])}</div>`;
  for (const type of ['image/png', 'image/jpeg']) {
    if (!data[type]) continue;
    const { width } = ((output.metadata ?? {}) as Record<string, { width?: unknown } | undefined>)[type] ?? {};
    const size = typeof width === 'number' ? ` width="${width}"` : '';
    return `<img alt=""${size} src="data:${type};base64,${escapeHtml(joinLines(data[type]).trim())}">`;
  }
  if (data['image/svg+xml']) return `<div>${joinLines(data['image/svg+xml'])}</div>`;
  return `<pre>${escapeHtml(joinLines(data['text/plain']))}</pre>`;
}

function cellToHtml(cell: NotebookCell): string {
  const source = joinLines(cell.source);
  if (cell.cell_type === 'markdown') return `<section>${markdownToHtml(source)}</section>`;
  if (cell.cell_type !== 'code') return `<section><pre>${escapeHtml(source)}</pre></section>`;
  const outputs = (cell.outputs ?? []).map(outputToHtml).join('\n');
  return `<section><pre class="code">${escapeHtml(source)}</pre>${outputs}</section>`;
}

const STYLE = `body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
pre { overflow-x: auto; font-size: 14px; } pre.code { background: #f4f5f7; border-left: 3px solid #1f3a5f; padding: .6rem .8rem; }
pre.error, pre.stderr { background: #fdecea; padding: .6rem .8rem; } img { max-width: 100%; }`;

export function notebookPage(notebook: Notebook): string {
  const title = /^#\s+(.*)$/m.exec(joinLines(notebook.cells[0]?.source))?.[1] ?? 'Notebook';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>
${notebook.cells.map(cellToHtml).join('\n')}
</body></html>
`;
}
