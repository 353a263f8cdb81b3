// Objects of several parts: tools give the parts of one object a common group. The outlines of a group and class are joined, and a
// box beside an outline is the box of the object.

import type { AnnotatedObject } from './annotated-image';

export interface GroupedObject {
  object: AnnotatedObject;
  /** Of the image; undefined for an object of its own. */
  group?: number | string;
}

/** @example joinGroups([{ object: left, group: 1 }, { object: right, group: 1 }]).length // 1 */
export function joinGroups(parts: readonly GroupedObject[]): AnnotatedObject[] {
  const objects: AnnotatedObject[] = [];
  const groups = new Map<string, AnnotatedObject>();
  for (const { object, group } of parts) {
    const key = group === undefined ? undefined : JSON.stringify([object.name, group]);
    const first = key === undefined ? undefined : groups.get(key);
    if (first && join(first, object)) continue;
    if (key !== undefined && !first) groups.set(key, object);
    objects.push(object);
  }
  return objects;
}

/** Adds a part; false where it is none: a second box, or run lengths beside an outline. */
function join(object: AnnotatedObject, part: AnnotatedObject): boolean {
  if (part.outline === undefined && object.box !== undefined) return false;
  if (object.outline === undefined) object.outline = part.outline;
  else if (Array.isArray(object.outline) && Array.isArray(part.outline))
    object.outline = [...object.outline, ...part.outline];
  else if (part.outline !== undefined) return false;
  object.box ??= part.box;
  object.crowd ||= part.crowd;
  return true;
}
