// LabelMe's parts of an object: a polygon names the <id> of the one that it is a part of. Of one name they are one object, as Datumaro
// writes objects of several polygons; a wheel of a car is an object of its own.

import type { ObjectBox } from './object-box';
import { fieldsOf, textOf, type XmlFields } from './xml-fields';

/** @param elements of the objects, in their order */
export function joinParts<T extends Partial<ObjectBox> & { name: string }>(
  objects: T[],
  elements: readonly (XmlFields | undefined)[],
): T[] {
  const ids = elements.map((element) => textOf(element?.id));
  const wholes = elements.map((element) => textOf(fieldsOf(element?.parts)?.ispartof));
  if (wholes.every((id) => id === '')) return objects;
  return objects.filter((part, i) => {
    const whole = wholes[i] === '' ? undefined : objects[ids.indexOf(wholes[i])];
    if (!whole?.corners || !part.corners || whole === part || whole.name !== part.name || !part.polygon) return true;
    const [x1, y1, x2, y2] = part.corners;
    const [a, b, c, d] = whole.corners;
    whole.corners = [Math.min(x1, a), Math.min(y1, b), Math.max(x2, c), Math.max(y2, d)];
    return false;
  });
}
