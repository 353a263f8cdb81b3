// labelme's JSON: one file for each image, with shapes whose points are positions in pixels from 0. Shapes of one label and one
// group_id are parts of one object, as labelme's own converter reads them.

import path from 'node:path';
import { DetLabError, nearest } from '../../errors';
import { fieldsOf, flagOf, nameOf, numberOf } from '../datasets/coco/fields';
import type { AnnotatedImage, AnnotatedObject, Corners } from './annotated-image';
import type { Format } from './format';
import { type GroupedObject, joinGroups } from './join-groups';
import { maskOfPng } from './mask-png';
import { around, ellipsePolygon, flatPoints, placedBitmap } from './outlines';
import { partsOf, splitOf } from './parts';
import { readJsonValue } from './place';
import { readFiles } from './read-files';
import type { ReadReport } from './read-report';

/** labelme's names for what is no class. */
const NO_CLASS = ['__ignore__', '_background_'];
/** Shapes without an area. */
const NO_REGION = ['point', 'line', 'linestrip', 'points'];
/** Four corners: labelme 6's, X-AnyLabeling's. */
const CORNERS = ['oriented_rectangle', 'rotation', 'quadrilateral'];
const SHAPES = ['rectangle', 'polygon', 'circle', 'mask', ...CORNERS, ...NO_REGION];

/** A picture in the file may come before the shapes. */
const isLabelme = (start: string): boolean =>
  (/"shapes"\s*:\s*\[/.test(start) || /^\s*\{[^{}[\]]*"imageData"\s*:\s*"/.test(start)) &&
  /"(imagePath|imageData|points|flags|version)"\s*:/.test(start) &&
  !/"shape_attributes"/.test(start);

export const labelme: Format = {
  name: 'labelme',
  title: 'labelme',
  takes: ['images', 'labels'],

  async recognise(place) {
    for (const file of place.samples('.json'))
      if (isLabelme(await place.start(file))) return `"${place.relative(file)}" has shapes`;
    return undefined;
  },

  async read(place, { images, labels }, report) {
    const folder = labels === undefined ? undefined : place.given(labels, 'annotations');
    const files = place
      .files('.json')
      .filter(({ path: file }) => folder === undefined || file.startsWith(folder + path.sep));
    const read = await readFiles(files, report, async ({ path: file, stem }, own) =>
      isLabelme(await place.start(file)) ? ([splitOf(stem), await readFile(file, stem, own)] as const) : undefined,
    );
    const found = read.filter((entry): entry is [string, AnnotatedImage] => entry?.[1] !== undefined);
    if (found.length === 0)
      throw new DetLabError(
        `Cannot load "${place.path}" as labelme: it has no JSON file with "shapes" that can be read`,
      );
    const folders = [...new Set(files.map(({ path: file }) => path.dirname(file)))];
    return { parts: partsOf(found, place.folder.imageFolders(images, folders.slice(0, 50))) };
  },
};

async function readFile(file: string, stem: string, report: ReadReport): Promise<AnnotatedImage | undefined> {
  let fields: Record<string, unknown> | undefined;
  try {
    fields = fieldsOf(await readJsonValue(file, report));
  } catch (error) {
    report.problem('bad-annotation', file, `"${file}"`, `cannot be read: ${(error as Error).message}`, 'image');
    return undefined;
  }
  if (!fields || !Array.isArray(fields.shapes)) {
    report.problem('bad-annotation', file, `"${file}"`, 'has no list of shapes; not used', 'image');
    return undefined;
  }
  const [width, height] = [numberOf(fields.imageWidth), numberOf(fields.imageHeight)];
  const size = width && height && Number.isInteger(width) && Number.isInteger(height) ? { width, height } : undefined;
  const given = nameOf(fields.imagePath)?.replaceAll('\\', '/');
  const base = path.posix.basename(stem);
  const names = [
    ...(given === undefined ? [] : [given, path.posix.join(path.posix.dirname(stem), given)]),
    `${base}.jpg`,
    base,
  ];
  const parts: GroupedObject[] = [];
  for (const [i, shape] of fields.shapes.entries()) {
    const part = await readShape(fieldsOf(shape), i + 1, { file, size }, report);
    if (part) parts.push(part);
  }
  const found = given === undefined ? undefined : path.resolve(path.dirname(file), given);
  return { names, path: found, file, size, objects: joinGroups(parts) };
}

async function readShape(
  shape: Record<string, unknown> | undefined,
  number: number,
  { file, size }: Pick<AnnotatedImage, 'file' | 'size'>,
  report: ReadReport,
): Promise<GroupedObject | undefined> {
  const place = `Shape ${number} of "${file}"`;
  const bad = (what: string): undefined =>
    report.problem('bad-annotation', file, place, `${what}; skipped`) as undefined;
  const name = nameOf(shape?.label);
  if (!shape || name === undefined) return bad('has no label');
  if (NO_CLASS.includes(name)) {
    report.count(`shapes of ${name}, which is no class in labelme and not used`, `${path.basename(file)}#${number}`);
    return undefined;
  }
  const type = shape.shape_type === undefined || shape.shape_type === null ? 'polygon' : String(shape.shape_type);
  if (NO_REGION.includes(type)) {
    report.count('points and lines, which have no area and are not used', `${path.basename(file)}#${number}`);
    return undefined;
  }
  const points = flatPoints(shape.points);
  if (!points || points.length < 4) {
    if (type !== 'circle' || !points) return bad(`(${name}) has points that are no list of at least two [x, y]`);
  }
  const group = nameOf(shape.group_id);
  const geometry = await geometryOf(type, points, shape, size);
  if (typeof geometry === 'string') return bad(`(${name}) ${geometry}`);
  const flags = fieldsOf(shape.flags);
  const crowd = flagOf(flags?.crowd);
  const ignored = flagOf(shape.difficult) || flagOf(flags?.ignored);
  return { object: { name, place, ...geometry, ...(ignored && { ignored }), ...(crowd && { crowd }) }, group };
}

/** Box and outline of a shape; words for why there is none. */
async function geometryOf(
  type: string,
  points: number[],
  shape: Record<string, unknown>,
  size: AnnotatedImage['size'],
): Promise<Pick<AnnotatedObject, 'box' | 'outline'> | string> {
  const box: Corners = around(points);
  switch (type) {
    case 'rectangle':
      return { box };
    case 'polygon':
    case 'oriented_rectangle':
    case 'rotation':
    case 'quadrilateral':
      if (points.length < 6) return 'is a polygon of less than three points';
      return { outline: [points] };
    case 'circle': {
      const radius = Math.hypot(points[2] - points[0], points[3] - points[1]);
      if (!(radius > 0)) return 'is a circle without radius';
      const [x, y] = points;
      return { outline: [ellipsePolygon(x, y, radius, radius)] };
    }
    case 'mask': {
      const mask = await maskOfPng(shape.mask);
      if (!mask) return 'has a mask that is no PNG image in base64';
      if (!size) return { box };
      const outline = placedBitmap(mask, [Math.round(box[0]), Math.round(box[1])], size);
      return outline ? { outline } : 'has an empty mask';
    }
    default: {
      const near = nearest(type, SHAPES);
      return `has the shape_type "${type}"${near ? `: did you mean "${near}"?` : `: expected ${SHAPES.join(', ')}`}`;
    }
  }
}
