// Escapes untrusted text (class names, paths, errors) for HTML and Markdown.

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** @example escapeHtml('<b>') // '&lt;b&gt;' */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

/** Text for a cell of a Markdown table: one line, no markup, column break or HTML. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[&<>]/g, (c) => ENTITIES[c])
    .replace(/[\\`*_{}[\]|~]/g, '\\$&')
    .replace(/\s+/g, ' ');
}
