// Class names, paths and error texts come from outside: they are escaped wherever they enter HTML or Markdown.

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** @example escapeHtml('<b>') // '&lt;b&gt;' */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

/** For a cell of a Markdown table: no markup, no column break, no HTML, one line. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[&<>]/g, (c) => ENTITIES[c])
    .replace(/[\\`*_{}[\]|~]/g, '\\$&')
    .replace(/\s+/g, ' ');
}
