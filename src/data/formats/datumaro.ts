// Datumaro's own JSON: annotations/SUBSET.json with items and a list of labels. Annotations of one item with one label and one group
// are one object: the parts of its polygons, its box and its mask.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { fieldsOf, flagOf, nameOf, numberOf } from '../datasets/coco/fields';
import { readOutline } from '../datasets/coco/outline';
import type { AnnotatedImage, AnnotatedObject, Corners } from './annotated-image';
import type { Format } from './format';
import { type GroupedObject, joinGroups } from './join-groups';
import { ellipseBox, ellipsePolygon } from './outlines';
import { partsOf, splitName } from './parts';
import { readJsonValue } from './place';
import type { ReadReport } from './read-report';

type Fields = Record<string, unknown>;

const isDatumaro = (start: string): boolean =>
  /"categories"\s*:\s*\{/.test(start) && /"(items|dm_format_version|media_type|infos?|label)"\s*:/.test(start);

export const datumaro: Format = {
  name: 'datumaro',
  title: 'Datumaro',
  takes: ['images'],

  async recognise(place) {
    for (const file of place.samples('.json'))
      if (isDatumaro(await place.start(file))) return `"${place.relative(file)}" has categories and items`;
    return undefined;
  },

  async read(place, { images }, report) {
    const found: (readonly [string, AnnotatedImage])[] = [];
    const classes: string[] = [];
    const folders = new Set<string>();
    for (const { path: file } of place.files('.json')) {
      if (!isDatumaro(await place.start(file))) continue;
      const value = fieldsOf(await readJsonValue(file, report));
      const labels = labelsOf(value, file);
      for (const name of labels) if (!classes.includes(name)) classes.push(name);
      const subset = path.basename(file, '.json');
      const split = subset === 'default' ? 'train' : splitName(subset);
      const own = path.dirname(file);
      const root = /^annotations?$/i.test(path.basename(own)) ? path.dirname(own) : own;
      for (const folder of [path.join(root, 'images', subset), path.join(root, 'images'), root]) folders.add(folder);
      for (const [i, item] of listOf(value?.items).entries()) {
        const image = item && readItem(item, i + 1, file, labels, report);
        if (image) found.push([split, image]);
      }
    }
    if (found.length === 0)
      throw new DetLabError(`Cannot load "${place.path}" as Datumaro's JSON: it has no items with images`);
    const around = images === undefined ? [...folders] : place.folder.imageFolders(images);
    return { parts: partsOf(found, around), classes };
  },
};

const listOf = (value: unknown): (Fields | undefined)[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

function labelsOf(value: Fields | undefined, file: string): string[] {
  const labels = listOf(fieldsOf(fieldsOf(value?.categories)?.label)?.labels);
  const names = labels.map((label) => nameOf(label?.name));
  if (names.length === 0 || names.some((name) => name === undefined))
    throw new DetLabError(`Cannot use "${file}": expected names in categories.label.labels, as Datumaro writes them`);
  return names as string[];
}

function readItem(
  item: Fields,
  number: number,
  file: string,
  labels: readonly string[],
  report: ReadReport,
): AnnotatedImage | undefined {
  const image = fieldsOf(item.image) ?? fieldsOf(item.media);
  const id = nameOf(item.id);
  const given = nameOf(image?.path);
  if (given === undefined && id === undefined) {
    report.problem('bad-annotation', file, `Item ${number} of "${file}"`, 'has neither id nor image; skipped', 'image');
    return undefined;
  }
  const [height, width] = Array.isArray(image?.size) ? image.size.map(numberOf) : [];
  const size = width && height ? { width, height } : undefined;
  const parts: GroupedObject[] = [];
  for (const [i, annotation] of listOf(item.annotations).entries()) {
    const place = `Annotation ${number}.${i + 1} of "${file}"`;
    const object = annotation && readAnnotation(annotation, place, file, labels, report);
    // group 0 is none
    if (object) parts.push({ object, group: numberOf(annotation.group) || undefined });
  }
  const names = [given, id === undefined ? undefined : `${id}.jpg`, id].filter(
    (name) => name !== undefined && name !== '',
  );
  return { names: names as string[], file, size, objects: joinGroups(parts) };
}

const NOT_BOXES = ['label', 'caption', 'points', 'polyline', 'feature_vector'];

function readAnnotation(
  annotation: Fields,
  place: string,
  file: string,
  labels: readonly string[],
  report: ReadReport,
): AnnotatedObject | undefined {
  const type = String(annotation.type);
  const bad = (what: string, kind: 'bad-annotation' | 'unknown-category' = 'bad-annotation'): undefined =>
    report.problem(kind, file, place, `${what}; skipped`) as undefined;
  if (NOT_BOXES.includes(type)) {
    if (type === 'points' || type === 'polyline')
      report.count('points and lines, which have no area and are not used', place);
    return undefined;
  }
  const label = numberOf(annotation.label_id);
  const name = label === undefined ? undefined : labels[label];
  if (name === undefined)
    return bad(
      `has the label_id ${JSON.stringify(annotation.label_id)}, of ${labels.length} labels`,
      'unknown-category',
    );
  const geometry = geometryOf(type, annotation);
  if (typeof geometry === 'string') return bad(`(${name}) ${geometry}`);
  const crowd = flagOf(fieldsOf(annotation.attributes)?.is_crowd);
  return { name, place, ...geometry, ...(crowd && { crowd }) };
}

function geometryOf(type: string, annotation: Fields): Pick<AnnotatedObject, 'box' | 'outline' | 'angle'> | string {
  const numbers = (key: string, count: number): number[] | undefined => {
    const given = annotation[key];
    const found = Array.isArray(given) ? given.map(numberOf) : [];
    return found.length >= count && found.every((v) => v !== undefined) ? (found as number[]) : undefined;
  };
  switch (type) {
    case 'bbox': {
      const box = numbers('bbox', 4);
      if (!box) return 'has no bbox of four numbers';
      const [x, y, w, h] = box;
      const angle = numberOf(fieldsOf(annotation.attributes)?.rotation);
      return { box: [x, y, x + w, y + h] as Corners, ...(angle !== undefined && { angle }) };
    }
    case 'rotated_bbox': {
      const box = numbers('rbbox', 5);
      if (!box) return 'has no rbbox of five numbers';
      const [cx, cy, w, h, angle] = box;
      return { box: [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], angle };
    }
    case 'polygon': {
      const points = numbers('points', 6);
      return points && points.length % 2 === 0 ? { outline: [points] } : 'has a polygon without three points';
    }
    case 'ellipse': {
      const points = numbers('points', 4);
      if (!points) return 'has an ellipse without four numbers';
      const [x1, y1, x2, y2] = points;
      const [cx, cy, rx, ry] = [(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2];
      return { box: ellipseBox(cx, cy, rx, ry), outline: [ellipsePolygon(cx, cy, rx, ry)] };
    }
    case 'mask': {
      const outline = readOutline(annotation.rle);
      return outline.kind === 'usable' ? { outline: outline.segmentation } : 'has a mask that cannot be read';
    }
    default:
      return `has the type "${type}": expected bbox, polygon, mask, rotated_bbox or ellipse`;
  }
}
