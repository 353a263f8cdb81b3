// The fields of COCO entries as tools write them: numbers as strings, null for what is absent, flags of any type.

/** A finite number, or a string of one; else undefined. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** The largest side of an image, in pixels. */
export const MAX_SIDE = 65_535;
/** Coordinates beyond this are no pixels. */
export const MAX_COORDINATE = 1e6;

/** `iscrowd`, `ignore`: false when absent, null, 0, "0" or "false". */
export function flagOf(value: unknown): boolean {
  if (typeof value !== 'string') return Boolean(value);
  return !['', '0', 'false', 'no', 'none'].includes(value.trim().toLowerCase()) && Number(value) !== 0;
}

/** The id of an image or a category. */
export type Key = number | string;

/** An id as a key: 7 and "7" are one. Undefined when there is none. */
export function keyOf(id: unknown): Key | undefined {
  if (typeof id === 'number') return Number.isFinite(id) ? id : undefined;
  if (typeof id !== 'string' || id.trim() === '') return undefined;
  const number = Number(id);
  return Number.isSafeInteger(number) && String(number) === id.trim() ? number : id.trim();
}

/** A name: strings and numbers. Undefined when there is none. */
export function nameOf(name: unknown): string | undefined {
  if (typeof name === 'number' && Number.isFinite(name)) return String(name);
  return typeof name === 'string' && name.trim() !== '' ? name : undefined;
}

/** The fields of an entry; undefined when it is no object. */
export function fieldsOf(entry: unknown): Record<string, unknown> | undefined {
  return typeof entry === 'object' && entry !== null && !Array.isArray(entry)
    ? (entry as Record<string, unknown>)
    : undefined;
}
