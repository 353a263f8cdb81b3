// CVAT's XML: one file of all images (or the tracks of a video), with shapes whose points are positions in pixels from 0.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { DetLabError } from '../../errors';
import { encodeRle, rleToSegmentation, type Segmentation } from '../../masks';
import { nameOf, numberOf } from '../datasets/coco/fields';
import { fieldsOf, listOf, textOf, type XmlFields } from '../datasets/voc/xml-fields';
import { LIMITS } from '../loading/bounded-read';
import { pixelLimit } from '../loading/pixel-limit';
import type { AnnotatedImage, AnnotatedObject } from './annotated-image';
import { shapesOfTracks } from './cvat/tracks';
import type { Format } from './format';
import { type GroupedObject, joinGroups } from './join-groups';
import { ellipseBox, ellipsePolygon, placedBitmap } from './outlines';
import { partsOf, splitName, splitOf } from './parts';
import { Place, readText } from './place';
import type { ReadReport } from './read-report';

/** Shapes that are read, and those that have no area. */
const SHAPES = ['box', 'polygon', 'mask', 'ellipse', 'rotatedbox'];
const NO_REGION = ['points', 'polyline', 'cuboid', 'skeleton'];

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  htmlEntities: true, // numeric references, as ElementTree writes what is not ASCII
});

const isCvat = (start: string): boolean =>
  /<annotations[\s>]/.test(start) && /<(image|track|version|meta)[\s>]/.test(start);

export const cvat: Format = {
  name: 'cvat',
  title: "CVAT's XML",
  takes: ['images'],

  async recognise(place) {
    for (const file of place.samples('.xml'))
      if (isCvat(await place.start(file))) return `"${place.relative(file)}" has <annotations> of all images`;
    return undefined;
  },

  async read(place, { images }, report) {
    const found: (readonly [string, AnnotatedImage])[] = [];
    const classes: string[] = [];
    for (const { path: file, stem } of place.files('.xml')) {
      if (!isCvat(await place.start(file))) continue;
      // frames of several videos have the same names: those near their file come first
      const near = images === undefined && path.dirname(file) !== place.root ? foldersNear(file) : [];
      const placed = (image: AnnotatedImage): AnnotatedImage => ({ ...image, path: existingIn(near, image.names) });
      const root = parse(await readText(file, report, LIMITS.json), file);
      for (const name of labelsOf(root)) if (!classes.includes(name)) classes.push(name);
      for (const image of [...listOf(root.image)].map(fieldsOf))
        if (image)
          found.push([splitName(nameOf(image.subset) ?? splitOf(`${stem}/`)), placed(readImage(image, file, report))]);
      for (const frame of shapesOfTracks(root, file))
        found.push([
          splitName(frame.subset ?? splitOf(`${stem}/`)),
          placed({
            ...frame.image,
            objects: frame.shapes.flatMap(
              (shape) => readShape(shape.type, shape.fields, shape.place, frame.image, report) ?? [],
            ),
          }),
        ]);
    }
    if (found.length === 0)
      throw new DetLabError(`Cannot load "${place.path}" as CVAT's XML: it has no <image> and no <track>`);
    return {
      parts: partsOf(found, place.folder.imageFolders(images)),
      classes: classes.length > 0 ? classes : undefined,
    };
  },
};

const foldersNear = (file: string): string[] => new Place(path.dirname(file)).imageFolders(undefined);

const existingIn = (folders: readonly string[], names: readonly string[]): string | undefined =>
  folders
    .flatMap((folder) => names.filter((name) => path.extname(name) !== '').map((name) => path.join(folder, name)))
    .find((file) => existsSync(file));

function parse(text: string, file: string): XmlFields {
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new DetLabError(`Cannot use "${file}": line ${valid.err.line}: ${valid.err.msg}`);
  const root = fieldsOf((parser.parse(text) as XmlFields).annotations);
  if (!root) throw new DetLabError(`Cannot use "${file}" as CVAT's XML: expected <annotations> with images`);
  return root;
}

/** The labels of the task, project or job; of skeletons their parts are none. */
function labelsOf(root: XmlFields): string[] {
  const meta = fieldsOf(root.meta);
  const holders = [meta?.task, meta?.project, meta?.job, meta].map(fieldsOf);
  const labels = holders.flatMap((holder) => listOf(fieldsOf(holder?.labels)?.label)).map(fieldsOf);
  return labels
    .filter((label) => label && !('parent' in label))
    .map((label) => textOf(label?.name))
    .filter((name) => name !== '');
}

function readImage(image: XmlFields, file: string, report: ReadReport): AnnotatedImage {
  const [width, height] = [numberOf(image.width), numberOf(image.height)];
  const size = width && height ? { width, height } : undefined;
  const name = nameOf(image.name) ?? '';
  const parts: GroupedObject[] = [];
  const read: AnnotatedImage = { names: [name.replaceAll('\\', '/')], file, size, objects: [] };
  for (const type of [...SHAPES, ...NO_REGION])
    for (const [i, shape] of listOf(image[type]).entries()) {
      const place = `<${type}> ${i + 1} of image "${name}" in "${file}"`;
      const fields = fieldsOf(shape);
      const object = fields && readShape(type, fields, place, read, report);
      // CVAT's own COCO files join the shapes of a group, too
      if (object) parts.push({ object, group: numberOf(fields.group_id) || undefined });
    }
  return { ...read, objects: joinGroups(parts) };
}

function readShape(
  type: string,
  fields: XmlFields,
  place: string,
  image: Pick<AnnotatedImage, 'file' | 'names' | 'size'>,
  report: ReadReport,
): AnnotatedObject | undefined {
  const bad = (what: string): undefined => {
    report.problem('bad-annotation', image.file, place, `${what}; skipped`);
    return undefined;
  };
  if (NO_REGION.includes(type)) {
    report.count(
      `${type === 'points' || type === 'polyline' ? 'points and lines' : `${type}s`}, which are no boxes and not used`,
      place,
    );
    return undefined;
  }
  const name = nameOf(fields.label);
  if (name === undefined) return bad('has no label');
  const geometry = geometryOf(type, fields, image);
  if (typeof geometry === 'string') return bad(`(${name}) ${geometry}`);
  const attributes = listOf(fields.attribute).map(fieldsOf);
  const crowd = attributes.some((attribute) => attribute?.name === 'is_crowd' && /^(true|1)$/i.test(textOf(attribute)));
  return { name, place, ...geometry, ...(crowd && { crowd }) };
}

function geometryOf(
  type: string,
  fields: XmlFields,
  { size }: Pick<AnnotatedImage, 'size'>,
): Pick<AnnotatedObject, 'box' | 'outline' | 'angle'> | string {
  const numbers = (...keys: string[]) => {
    const found = keys.map((key) => numberOf(fields[key]));
    return found.every((value) => value !== undefined) ? (found as number[]) : undefined;
  };
  const angle = numberOf(fields.rotation) ?? 0;
  if (type === 'polygon') {
    const points = String(fields.points ?? '')
      .split(/[;,]/)
      .map(Number);
    const usable = points.length >= 6 && points.length % 2 === 0 && points.every(Number.isFinite);
    return usable ? { outline: [points] } : 'has no points "x,y;x,y;x,y"';
  }
  if (type === 'ellipse') {
    const ellipse = numbers('cx', 'cy', 'rx', 'ry');
    if (!ellipse) return 'has no cx, cy, rx and ry';
    const [cx, cy, rx, ry] = ellipse;
    return { box: ellipseBox(cx, cy, rx, ry, angle), outline: [ellipsePolygon(cx, cy, rx, ry, angle)] };
  }
  if (type === 'mask') {
    const place = numbers('left', 'top', 'width', 'height');
    if (!place) return 'has no left, top, width and height';
    const [left, top, width, height] = place;
    const outline = size && maskOf(fields.rle, [left, top, width, height], size);
    return outline ? { outline } : 'has an rle that cannot be read';
  }
  const box = numbers('xtl', 'ytl', 'xbr', 'ybr');
  if (!box) return 'has no xtl, ytl, xbr and ybr';
  const [x1, y1, x2, y2] = box;
  return {
    box: [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)],
    ...(angle !== 0 && { angle }),
  };
}

/** Run lengths of a mask inside its box, row by row, the first of background. */
function maskOf(
  rle: unknown,
  [left, top, width, height]: readonly [number, number, number, number],
  image: { width: number; height: number },
): Segmentation | undefined {
  const runs = String(rle ?? '')
    .split(',')
    .map(Number);
  const whole = [width, height, left, top].every(Number.isInteger) && width * height <= pixelLimit();
  if (!whole || !runs.every((run) => Number.isInteger(run) && run >= 0)) return undefined;
  if (runs.reduce((sum, run) => sum + run, 0) > width * height) return undefined;
  const data = new Uint8Array(width * height);
  let at = 0;
  for (const [i, run] of runs.entries()) {
    if (i % 2 === 1) data.fill(1, at, at + run);
    at += run;
  }
  // most masks fill the image that they are of
  if (left === 0 && top === 0 && width === image.width && height === image.height)
    return data.includes(1) ? rleToSegmentation(encodeRle(data, height, width)) : undefined;
  return placedBitmap({ width, height, data }, [left, top], image);
}
