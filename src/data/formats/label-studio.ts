// Label Studio's JSON: tasks with annotations, whose regions are percentages of the image size; a turned rectangle is turned about
// its first corner. JSON_MIN, the short form, has the same regions under the names of the labeling interface.

import { DetLabError } from '../../errors';
import { fieldsOf, nameOf, numberOf } from '../datasets/coco/fields';
import type { AnnotatedImage, AnnotatedObject } from './annotated-image';
import type { Format } from './format';
import { countsFromLabelStudio } from './label-studio/brush';
import { ellipseBox, ellipsePolygon, flatPoints, turnedAboutCorner } from './outlines';
import { partsOf } from './parts';
import { readJsonValue } from './place';
import type { ReadReport } from './read-report';

type Fields = Record<string, unknown>;
const LABELS = /^(rectangle|polygon|ellipse|brush|keypoint)?labels$/;

const isTasks = (start: string): boolean =>
  /^\s*\[?\s*\{/.test(start) &&
  (/"(rectangle|polygon|ellipse|brush)labels"/.test(start) ||
    (/"data"\s*:\s*\{/.test(start) && /"(annotations|completions)"\s*:\s*\[/.test(start)));

export const labelStudio: Format = {
  name: 'label-studio',
  title: 'Label Studio',
  takes: ['images'],

  async recognise(place) {
    for (const file of place.samples('.json'))
      if (isTasks(await place.start(file))) return `"${place.relative(file)}" has tasks with regions`;
    return undefined;
  },

  async read(place, { images }, report) {
    const found: (readonly [string, AnnotatedImage])[] = [];
    for (const { path: file } of place.files('.json')) {
      if (!isTasks(await place.start(file))) continue;
      const value = await readJsonValue(file, report);
      const tasks = (Array.isArray(value) ? value : [value]).map(fieldsOf);
      for (const [i, task] of tasks.entries()) {
        const image = task && readTask(task, i + 1, file, report);
        if (image) found.push(['train', image]);
      }
    }
    if (found.length === 0)
      throw new DetLabError(`Cannot load "${place.path}" as Label Studio's JSON: it has no task with an image`);
    return { parts: partsOf(found, place.folder.imageFolders(images)) };
  },
};

function readTask(task: Fields, number: number, file: string, report: ReadReport): AnnotatedImage | undefined {
  const data = fieldsOf(task.data) ?? task;
  const place = `Task ${nameOf(task.id) ?? number} of "${file}"`;
  const uploaded = nameOf(task.file_upload);
  const address = imageOf(data) ?? uploaded;
  if (address === undefined) {
    report.problem('bad-annotation', file, place, 'has no image in its data; skipped', 'image');
    return undefined;
  }
  const regions = task.data === undefined ? shortRegions(task) : fullRegions(task, place, file, report);
  // the label of a shape may be a region of its own, with the id of the shape
  const labelled = new Set(regions.filter((region) => labelsKey(region) !== undefined).map(({ id }) => id));
  const objects = regions.flatMap((region, i) => {
    if (labelsKey(region) === undefined && isShape(region) && !(region.id !== undefined && labelled.has(region.id)))
      report.count('regions without a label, which are not used', `region ${number}.${i + 1}`);
    const object = readRegion(region, `Region ${number}.${i + 1} of "${file}"`, file, report);
    return object ? [object] : [];
  });
  // uploaded files have a prefix of eight letters in front of their names
  const names = [
    address,
    ...(uploaded === undefined ? [] : [uploaded]),
    address.replace(/([/\\]|^)[0-9a-f]{8}-([^/\\]+)$/, '$1$2'),
  ];
  const id = numberOf(task.id);
  return { names, file, unit: 'fractions', objects, ...(Number.isSafeInteger(id) && { id }) };
}

/** The address of the image: under `image` or the only text that is one of a file. */
function imageOf(data: Fields): string | undefined {
  const texts = Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const named = texts.find(([key]) => /^(image|img|picture|photo)$/i.test(key));
  return (named ?? texts.find(([, text]) => /\.(jpe?g|png|bmp|webp|tiff?|gif)(\?|$)/i.test(text)))?.[1];
}

/** The regions of the annotation that counts: the last one that is not cancelled. */
function fullRegions(task: Fields, place: string, file: string, report: ReadReport): Fields[] {
  const lists = [task.annotations, task.completions].find(Array.isArray) as unknown[] | undefined;
  const given = (lists ?? []).map(fieldsOf).filter((annotation): annotation is Fields => annotation !== undefined);
  const kept = given.filter(({ was_cancelled }) => was_cancelled !== true);
  if (kept.length > 1) {
    const what = `has ${kept.length} annotations; the last one is used`;
    report.problem('duplicate', file, place, what, 'nothing', nameOf(task.id));
  }
  const truth = kept.find(({ ground_truth }) => ground_truth === true) ?? kept.at(-1);
  const result = Array.isArray(truth?.result) ? truth.result : [];
  return result.map(fieldsOf).filter((region): region is Fields => region !== undefined);
}

/** JSON_MIN: lists of regions without `value`. */
function shortRegions(task: Fields): Fields[] {
  return Object.values(task)
    .filter(Array.isArray)
    .flat()
    .map(fieldsOf)
    .filter((region): region is Fields => region !== undefined && Object.keys(region).some((key) => LABELS.test(key)))
    .map((region) => ({ value: region, ...region }));
}

/** The key of the labels of a region. */
function labelsKey({ value }: Fields): string | undefined {
  const fields = fieldsOf(value);
  return fields && Object.keys(fields).find((name) => LABELS.test(name) && Array.isArray(fields[name]));
}

const isShape = ({ value }: Fields): boolean => {
  const fields = fieldsOf(value);
  return fields !== undefined && ('points' in fields || 'rle' in fields || ('x' in fields && 'width' in fields));
};

function readRegion(region: Fields, place: string, file: string, report: ReadReport): AnnotatedObject | undefined {
  const value = fieldsOf(region.value);
  // choices, ratings and transcriptions are regions too
  const key = labelsKey(region);
  const other = value && Object.keys(value).find((name) => /^[a-z]+labels$/.test(name) && !LABELS.test(name));
  if (other !== undefined) report.count(`regions with ${other}, which are not read`, place);
  if (!value || key === undefined) return undefined;
  const names = (value[key] as unknown[]).map(nameOf).filter((name) => name !== undefined);
  const bad = (what: string): undefined =>
    report.problem('bad-annotation', file, place, `${what}; skipped`) as undefined;
  const [name] = names;
  if (name === undefined) return bad('has no label');
  if (names.length > 1)
    report.problem(
      'bad-annotation',
      file,
      place,
      `has ${names.length} labels; the first, "${name}", is used`,
      'nothing',
    );
  const type = String(region.type ?? key).replace(/labels$/, '');
  if (type === 'keypoint') {
    report.count('keypoints, which are not used', place);
    return undefined;
  }
  if ((numberOf(region.image_rotation) ?? 0) % 360 !== 0)
    report.count('regions of an image that was turned (image_rotation), whose coordinates are used as they are', place);
  const size = { width: numberOf(region.original_width), height: numberOf(region.original_height) };
  const geometry = geometryOf(value, size);
  return typeof geometry === 'string' ? bad(`(${name}) ${geometry}`) : { name, place, ...geometry };
}

interface OptionalSize {
  width?: number;
  height?: number;
}

/** Box and outline in fractions; words for why there is none. */
function geometryOf(value: Fields, size: OptionalSize): Pick<AnnotatedObject, 'box' | 'outline'> | string {
  if (value.points !== undefined) {
    const points = flatPoints(value.points);
    if (!points || points.length < 6) return 'has a polygon without three points';
    return { outline: [points.map((v) => v / 100)] };
  }
  if (value.rle !== undefined) return brush(value.rle, size);
  const numbers = ['x', 'y', 'width', 'height', 'radiusX', 'radiusY'].map((key) => numberOf(value[key]));
  const [x, y, width, height, rx, ry] = numbers.map((number) => (number === undefined ? Number.NaN : number / 100));
  const turn = numberOf(value.rotation) ?? 0;
  // angles are those of pixels: percentages of width and height are scaled to them and back
  const [sx, sy] = [size.width ?? 1, size.height ?? 1];
  if (turn % 360 !== 0 && (size.width === undefined || size.height === undefined))
    return 'is turned, and has no original_width and original_height';
  if (rx >= 0 && ry >= 0 && x + y < Infinity) {
    const [px, py, pw, ph] = [x * sx, y * sy, rx * sx, ry * sy];
    const box = ellipseBox(px, py, pw, ph, turn);
    const outline = ellipsePolygon(px, py, pw, ph, turn).map((v, i) => v / (i % 2 === 0 ? sx : sy));
    return { box: [box[0] / sx, box[1] / sy, box[2] / sx, box[3] / sy], outline: [outline] };
  }
  if (![x, y, width, height].every(Number.isFinite)) return 'has no x, y, width and height';
  if (turn % 360 === 0) return { box: [x, y, x + width, y + height] };
  const [x1, y1, x2, y2] = turnedAboutCorner(x * sx, y * sy, width * sx, height * sy, turn);
  return { box: [x1 / sx, y1 / sy, x2 / sx, y2 / sy] };
}

function brush(rle: unknown, { width, height }: OptionalSize): Pick<AnnotatedObject, 'outline'> | string {
  if (width === undefined || height === undefined) return 'has a brush without original_width and original_height';
  const outline = countsFromLabelStudio(rle, width, height);
  return outline ? { outline } : 'has a brush mask that cannot be read';
}
