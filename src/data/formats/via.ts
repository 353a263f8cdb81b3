// VGG Image Annotator: projects and exports of version 1 and 2 as JSON, and its CSV. The class of a region is one of its attributes.

import { DetLabError, didYouMean } from '../../errors';
import { fieldsOf, nameOf, numberOf } from '../datasets/coco/fields';
import type { AnnotatedImage, AnnotatedObject } from './annotated-image';
import type { Format } from './format';
import { ellipseBox, ellipsePolygon } from './outlines';
import { partsOf, splitOf } from './parts';
import { type Place, readJsonValue } from './place';
import type { ReadReport } from './read-report';
import { readTable } from './read-table';

type Fields = Record<string, unknown>;

/** Names of the attribute that is the class, the most usual first. */
const CLASS_ATTRIBUTES = [
  'class',
  'label',
  'name',
  'type',
  'category',
  'object',
  'class_name',
  'classname',
  'object_name',
];

const isVia = (start: string): boolean => /"_via_|"shape_attributes"|region_shape_attributes/.test(start);

interface Entry {
  name: string;
  regions: Fields[];
  place: string;
}

export const via: Format = {
  name: 'via',
  title: 'VIA',
  takes: ['images', 'attribute'],

  async recognise(place) {
    for (const file of place.samples('.json', '.csv'))
      if (isVia(await place.start(file))) return `"${place.relative(file)}" has regions with shape_attributes`;
    return undefined;
  },

  async read(place, { images, attribute }, report) {
    const found: (readonly [string, AnnotatedImage])[] = [];
    for (const { path: file, stem, extension } of place.files('.json', '.csv')) {
      if (!isVia(await place.start(file))) continue;
      const entries = extension === '.csv' ? await csvEntries(file, report) : await jsonEntries(file, report);
      const key = attribute ?? classAttribute(entries, file, report);
      checkAttribute(entries, key, file, place);
      for (const entry of entries) {
        const regions = entry.regions.flatMap((region, i) => readRegion(region, i + 1, key, entry, file, report) ?? []);
        found.push([splitOf(stem), { names: [entry.name.replaceAll('\\', '/')], file, objects: regions }]);
      }
    }
    if (found.length === 0) throw new DetLabError(`Cannot load "${place.path}" as VIA: it has no image in its files`);
    return { parts: partsOf(found, place.folder.imageFolders(images)) };
  },
};

/** A project, an export of all images, or version 1, whose regions are numbered fields. */
async function jsonEntries(file: string, report: ReadReport): Promise<Entry[]> {
  const value = fieldsOf(await readJsonValue(file, report));
  const metadata = fieldsOf(value?._via_img_metadata) ?? value ?? {};
  return Object.values(metadata).flatMap((given): Entry[] => {
    const fields = fieldsOf(given);
    const name = nameOf(fields?.filename);
    if (!fields || name === undefined) return [];
    const regions = Array.isArray(fields.regions) ? fields.regions : Object.values(fieldsOf(fields.regions) ?? {});
    return [{ name, regions: regions.map(fieldsOf).filter((region) => region !== undefined), place: name }];
  });
}

async function csvEntries(file: string, report: ReadReport): Promise<Entry[]> {
  const entries = new Map<string, Entry>();
  for (const { fields, number } of (await readTable(file, report)).rows) {
    const name = fields['#filename'] ?? fields.filename ?? '';
    if (name === '') continue;
    const entry = entries.get(name) ?? { name, regions: [], place: name };
    entries.set(name, entry);
    const parsed = (key: string): Fields | undefined => {
      try {
        return fieldsOf(JSON.parse(fields[key] || '{}'));
      } catch {
        report.problem('bad-annotation', file, `Line ${number} of "${file}"`, `has ${key} that is no JSON; skipped`);
        return undefined;
      }
    };
    const shape = parsed('region_shape_attributes');
    const attributes = parsed('region_attributes');
    if (shape && attributes && Object.keys(shape).length > 0)
      entry.regions.push({ shape_attributes: shape, region_attributes: attributes });
  }
  return [...entries.values()];
}

const attributesOf = (region: Fields): Fields => fieldsOf(region.region_attributes) ?? {};

/** The attribute that all regions have: one of the usual names, or the only one. */
function classAttribute(entries: readonly Entry[], file: string, report: ReadReport): string | undefined {
  const counts = new Map<string, number>();
  for (const { regions } of entries)
    for (const region of regions)
      for (const [key, value] of Object.entries(attributesOf(region)))
        if (labelOf(value) !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  const keys = [...counts.keys()];
  const usual = CLASS_ATTRIBUTES.map((name) => keys.find((key) => key.toLowerCase() === name)).find(Boolean);
  const found = usual ?? keys.sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0))[0];
  if (keys.length > 1)
    report.notice(
      `the class of a region is its attribute "${found}" (others: ${keys.filter((key) => key !== found).join(', ')}): ` +
        `{ attribute: '${keys.find((key) => key !== found)}' } reads another`,
    );
  if (found === undefined && entries.some(({ regions }) => regions.length > 0))
    report.notice(`no region of "${file}" has an attribute: all are of one class, "object"`);
  return found;
}

function checkAttribute(entries: readonly Entry[], key: string | undefined, file: string, place: Place): void {
  const known = new Set(
    entries.flatMap(({ regions }) => regions.flatMap((region) => Object.keys(attributesOf(region)))),
  );
  if (key === undefined || known.has(key) || known.size === 0) return;
  throw new DetLabError(
    `Cannot load "${place.relative(file)}": no region has the attribute "${key}".${didYouMean(key, known)} Attributes: ${[...known].join(', ')}`,
  );
}

/** Text, or the options of a checkbox that are set. */
function labelOf(value: unknown): string | undefined {
  const text = nameOf(value);
  if (text !== undefined) return text.trim();
  const chosen = Object.entries(fieldsOf(value) ?? {}).filter(([, set]) => set === true || set === 'true');
  return chosen.length === 1 ? chosen[0][0] : undefined;
}

function readRegion(
  region: Fields,
  number: number,
  key: string | undefined,
  entry: Entry,
  file: string,
  report: ReadReport,
): AnnotatedObject | undefined {
  const place = `Region ${number} of "${entry.place}" in "${file}"`;
  const bad = (what: string, kind: 'bad-annotation' | 'unknown-category' = 'bad-annotation'): undefined => {
    report.problem(kind, file, place, `${what}; skipped`, undefined, `${entry.place}#${number}`);
    return undefined;
  };
  const name = key === undefined ? 'object' : labelOf(attributesOf(region)[key]);
  if (name === undefined) return bad(`has no value of the attribute "${key}"`, 'unknown-category');
  const shape = fieldsOf(region.shape_attributes);
  if (!shape) return bad('has no shape_attributes');
  const type = String(shape.name);
  if (['point', 'polyline', 'line'].includes(type)) {
    report.count('points and lines, which have no area and are not used', place);
    return undefined;
  }
  const geometry = geometryOf(type, shape);
  return typeof geometry === 'string' ? bad(`(${name}) ${geometry}`) : { name, place, ...geometry };
}

function geometryOf(type: string, shape: Fields): Pick<AnnotatedObject, 'box' | 'outline'> | string {
  const numbers = (...keys: string[]) => {
    const found = keys.map((key) => numberOf(shape[key]));
    return found.every((value) => value !== undefined) ? (found as number[]) : undefined;
  };
  switch (type) {
    case 'rect': {
      const box = numbers('x', 'y', 'width', 'height');
      return box ? { box: [box[0], box[1], box[0] + box[2], box[1] + box[3]] } : 'has no x, y, width and height';
    }
    case 'circle': {
      const circle = numbers('cx', 'cy', 'r');
      if (!circle) return 'has no cx, cy and r';
      const [cx, cy, r] = circle;
      return { outline: [ellipsePolygon(cx, cy, r, r)] };
    }
    case 'ellipse': {
      const ellipse = numbers('cx', 'cy', 'rx', 'ry');
      if (!ellipse) return 'has no cx, cy, rx and ry';
      const [cx, cy, rx, ry] = ellipse;
      const degrees = ((numberOf(shape.theta) ?? 0) * 180) / Math.PI;
      return { box: ellipseBox(cx, cy, rx, ry, degrees), outline: [ellipsePolygon(cx, cy, rx, ry, degrees)] };
    }
    case 'polygon': {
      const [xs, ys] = [shape.all_points_x, shape.all_points_y];
      if (!Array.isArray(xs) || !Array.isArray(ys) || xs.length !== ys.length || xs.length < 3)
        return 'has no all_points_x and all_points_y of three points';
      const points = xs.flatMap((x, i) => [numberOf(x), numberOf(ys[i])]);
      return points.every((v) => v !== undefined) ? { outline: [points as number[]] } : 'has a point without numbers';
    }
    default:
      return `has the shape "${type}": expected rect, polygon, circle or ellipse`;
  }
}
