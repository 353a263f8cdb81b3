// Values of parsed XML elements: text, several elements of one name as a list, children as fields.

export type XmlFields = Record<string, unknown>;

/** The children of an element; of the first one when there are several. */
export function fieldsOf(node: unknown): XmlFields | undefined {
  const first = Array.isArray(node) ? node[0] : node;
  return typeof first === 'object' && first !== null ? (first as XmlFields) : undefined;
}

/** All elements of a name. */
export const listOf = (node: unknown): unknown[] => (node === undefined ? [] : Array.isArray(node) ? node : [node]);

/** The text of an element without surrounding white space; empty when there is none. */
export function textOf(node: unknown): string {
  const first = Array.isArray(node) ? node[0] : node;
  if (typeof first === 'string') return first.trim();
  // the parser's form of text beside children
  const text = fieldsOf(first)?.['#text'];
  return typeof text === 'string' ? text.trim() : '';
}

/** NaN for an element that is not there, or whose text is no number. */
export function numberOf(node: unknown): number {
  const text = textOf(node);
  return text === '' ? Number.NaN : Number(text);
}
