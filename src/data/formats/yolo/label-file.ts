// One YOLO label file: a line for each object, its class id and fractions of the image size. Four numbers are a box (centre, width,
// height), pairs from three on are a polygon, in one file side by side.

import type { AnnotatedObject, Corners } from '../annotated-image';
import { numberedLines } from '../place';
import { placeId, type ReadReport } from '../read-report';

/** Coordinates above this are no fractions, however far a box extends beyond its image. */
const MAX_FRACTION = 2;

export interface LabelRules {
  /** Class names by id. */
  names: ReadonlyMap<number, string>;
  /** Keypoints of an object and numbers of each (`kpt_shape`), which follow its box. */
  keypoints?: readonly [number, number];
}

/** The objects of a label file; what cannot be used is reported by line. */
export function readLabels(
  text: string,
  file: string,
  { names, keypoints }: LabelRules,
  report: ReadReport,
): AnnotatedObject[] {
  const objects: AnnotatedObject[] = [];
  const firstOf = new Map<string, number>();
  for (const { line, number } of numberedLines(text)) {
    const place = `Line ${number} of "${file}"`;
    const say = (what: string, kind: 'bad-annotation' | 'unknown-category' | 'duplicate' = 'bad-annotation') =>
      report.problem(kind, file, place, what, kind === 'duplicate' ? 'nothing' : undefined);
    const [first, ...rest] = line.split(/\s+/).map(Number);
    const shown = line.length > 60 ? `${line.slice(0, 57)}...` : line;
    if (!Number.isFinite(first) || !rest.every(Number.isFinite)) {
      const commas = line.includes(',') ? ', without commas' : '';
      say(`is "${shown}": expected a class id and numbers separated by blanks${commas}; skipped`);
      continue;
    }
    const twin = firstOf.get(line);
    if (twin !== undefined) {
      say(`repeats line ${twin}; used once`, 'duplicate');
      continue;
    }
    firstOf.set(line, number);
    const name = names.get(first);
    if (name === undefined) {
      const known = names.size > 0 ? `the ids are ${idsOf(names)}` : 'there are no classes';
      say(`has the class id ${first}: ${known}; skipped`, 'unknown-category');
      continue;
    }
    const shape = shapeOf(rest, keypoints);
    if (typeof shape === 'string') {
      say(`has ${shape}; skipped`);
      continue;
    }
    const { unused, ...object } = shape;
    if (unused) report.count(unused, placeId(file, place));
    objects.push({ name, place, ...object });
  }
  return objects;
}

type Shape = Pick<AnnotatedObject, 'box' | 'outline'> & { unused?: string };

/** A box or a polygon; words for why it is neither. */
function shapeOf(numbers: readonly number[], keypoints: LabelRules['keypoints']): Shape | string {
  const count = numbers.length;
  const posed = keypoints ? 0 : keypointsIn(numbers);
  if (posed > 0)
    return `${count} numbers after the class id, a box with ${posed} keypoints: expected kpt_shape: [${posed}, 3] in data.yaml`;
  const far = numbers.slice(0, keypoints ? 4 : count).find((value) => Math.abs(value) > MAX_FRACTION);
  if (far !== undefined)
    return `the coordinate ${far}: expected fractions of the image size from 0 to 1, such as 0.5 0.5 0.1 0.2, no pixels`;
  if (keypoints && count === 4 + keypoints[0] * keypoints[1])
    return { box: boxOf(numbers), unused: 'objects with keypoints, which are not used' };
  if (count === 4) return { box: boxOf(numbers) };
  if (count === 5)
    return {
      box: boxOf(numbers),
      unused: 'lines with a sixth number, as predictions have their score, which is not used',
    };
  if (count >= 6 && count % 2 === 0) return { outline: [[...numbers]] };
  return (
    `${count} ${count === 1 ? 'number' : 'numbers'} after the class id: expected 4 (a box: centre x, centre y, width, height) ` +
    'or pairs x y of at least three points (a polygon)'
  );
}

/** The number of keypoints x, y, visibility after a box; 0 where the numbers are something else. */
function keypointsIn(numbers: readonly number[]): number {
  if (numbers.length < 7 || numbers.length % 3 !== 1) return 0;
  const visible = numbers.filter((_, i) => i > 4 && i % 3 === 0);
  return visible.every((v) => v === 0 || v === 1 || v === 2) && visible.includes(2) ? visible.length : 0;
}

function boxOf([x, y, w, h]: readonly number[]): Corners {
  return [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
}

function idsOf(names: ReadonlyMap<number, string>): string {
  const ids = [...names.keys()].sort((a, b) => a - b);
  return ids.length > 8 ? `${ids[0]} to ${ids.at(-1)}` : ids.join(', ');
}
