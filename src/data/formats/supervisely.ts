// Supervisely projects: meta.json with the classes, and in each dataset img/ and ann/ with a JSON file for each image. Figures of one
// class and one `instance` are parts of one object. Corners of rectangles are taken as Supervisely's own converters take them.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { fieldsOf, nameOf, numberOf } from '../datasets/coco/fields';
import type { AnnotatedImage, AnnotatedObject } from './annotated-image';
import type { Format } from './format';
import { type GroupedObject, joinGroups } from './join-groups';
import { maskOfPng } from './mask-png';
import { around, flatPoints, placedBitmap, withoutHoles } from './outlines';
import { partsOf, splitOf } from './parts';
import { readJsonValue } from './place';
import { readFiles } from './read-files';
import type { ReadReport } from './read-report';

type Fields = Record<string, unknown>;
const NO_REGION = ['point', 'line', 'graph', 'cuboid'];

const isAnnotation = (start: string): boolean =>
  /"classTitle"\s*:/.test(start) || (/"size"\s*:\s*\{/.test(start) && /"objects"\s*:\s*\[/.test(start));
const isMeta = (start: string): boolean =>
  /"classes"\s*:\s*\[/.test(start) && /"title"\s*:/.test(start) && /"shape"\s*:/.test(start);

export const supervisely: Format = {
  name: 'supervisely',
  title: 'Supervisely',
  takes: ['images', 'labels'],

  async recognise(place) {
    for (const file of place.samples('.json')) {
      const start = await place.start(file);
      if (path.basename(file) === 'meta.json' && isMeta(start))
        return `"${place.relative(file)}" lists classes with shapes`;
      if (isAnnotation(start) && !/"shapes"/.test(start)) return `"${place.relative(file)}" has objects with size`;
    }
    return undefined;
  },

  async read(place, { images, labels }, report) {
    const folder = labels === undefined ? undefined : place.given(labels, 'annotations');
    const all = place.folder.files('.json');
    const meta = all.find(({ path: file }) => path.basename(file) === 'meta.json');
    const classes = meta && (await classesOf(meta.path, report));
    const files = (place.file && place.file !== meta?.path ? place.files('.json') : all).filter(
      ({ path: file }) => file !== meta?.path && (folder === undefined || file.startsWith(folder + path.sep)),
    );
    const read = await readFiles(files, report, async ({ path: file, stem }, own) =>
      isAnnotation(await place.start(file)) ? ([splitOf(stem), await readFile(file, stem, own)] as const) : undefined,
    );
    const found = read.filter((entry): entry is [string, AnnotatedImage] => entry?.[1] !== undefined);
    if (found.length === 0)
      throw new DetLabError(`Cannot load "${place.path}" as Supervisely: it has no annotations of images`);
    const datasets = [...new Set(files.map(({ path: file }) => path.dirname(path.dirname(file))))].slice(0, 50);
    return { parts: partsOf(found, place.folder.imageFolders(images, datasets)), classes };
  },
};

async function classesOf(file: string, report: ReadReport): Promise<string[] | undefined> {
  const classes = fieldsOf(await readJsonValue(file, report))?.classes;
  const names = (Array.isArray(classes) ? classes : []).map((entry) => nameOf(fieldsOf(entry)?.title));
  if (names.some((name) => name === undefined))
    throw new DetLabError(`Cannot use "${file}": expected a title of every class`);
  return names.length > 0 ? (names as string[]) : undefined;
}

async function readFile(file: string, stem: string, report: ReadReport): Promise<AnnotatedImage | undefined> {
  let fields: Fields | undefined;
  try {
    fields = fieldsOf(await readJsonValue(file, report));
  } catch (error) {
    report.problem('bad-annotation', file, `"${file}"`, `cannot be read: ${(error as Error).message}`, 'image');
    return undefined;
  }
  const [width, height] = [numberOf(fieldsOf(fields?.size)?.width), numberOf(fieldsOf(fields?.size)?.height)];
  const size = width && height ? { width, height } : undefined;
  const parts: GroupedObject[] = [];
  for (const [i, given] of (Array.isArray(fields?.objects) ? fields.objects : []).entries()) {
    const figure = fieldsOf(given);
    const object = figure && (await readFigure(figure, `Object ${i + 1} of "${file}"`, file, size, report));
    if (object) parts.push({ object, group: nameOf(figure.instance) });
  }
  // "a.jpg.json"; older projects "a.json"
  const name = path.posix.basename(stem);
  return {
    names: [name, `${name}.jpg`, path.posix.join(path.posix.dirname(path.posix.dirname(stem)), 'img', name)].reverse(),
    file,
    size,
    objects: joinGroups(parts),
  };
}

async function readFigure(
  figure: Fields,
  place: string,
  file: string,
  size: AnnotatedImage['size'],
  report: ReadReport,
): Promise<AnnotatedObject | undefined> {
  const name = nameOf(figure.classTitle);
  const bad = (what: string): undefined =>
    report.problem('bad-annotation', file, place, `${what}; skipped`) as undefined;
  if (name === undefined) return bad('has no classTitle');
  const points = fieldsOf(figure.points);
  const exterior = flatPoints(points?.exterior);
  const bitmap = fieldsOf(figure.bitmap);
  const type = String(figure.geometryType ?? (bitmap ? 'bitmap' : exterior?.length === 4 ? 'rectangle' : 'polygon'));
  if (NO_REGION.includes(type)) {
    report.count('points, lines, graphs and cuboids, which are no boxes and not used', place);
    return undefined;
  }
  if (type === 'rectangle')
    return exterior && exterior.length >= 4
      ? { name, place, box: around(exterior) }
      : bad(`(${name}) has no two points`);
  if (type === 'polygon') {
    if (!exterior || exterior.length < 6) return bad(`(${name}) has no exterior of three points`);
    const holes = (Array.isArray(points?.interior) ? points.interior : []).map(flatPoints);
    const cut = size && holes.length > 0 ? withoutHoles(exterior, holes, size) : undefined;
    return { name, place, outline: cut ?? [exterior], ...(cut && { box: around(exterior) }) };
  }
  if (type !== 'bitmap') return bad(`(${name}) has the geometryType "${type}": expected rectangle, polygon or bitmap`);
  const origin = flatPoints([bitmap?.origin]);
  const mask = await maskOfPng(bitmap?.data, true);
  if (!origin || !mask) return bad(`(${name}) has no bitmap with data and origin`);
  const [left, top] = origin;
  const outline = size && placedBitmap(mask, [left, top], size);
  return outline ? { name, place, outline } : bad(`(${name}) has an empty bitmap`);
}
