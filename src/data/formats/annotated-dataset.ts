// A Dataset of the annotated images of any format: image files are looked for and asked for their sizes, coordinates become
// pixels, and boxes follow the rules of COCO files (`coco/ground-truth.ts`).

import path from 'node:path';
import { classOrder } from '../datasets/class-order';
import type { Xywh } from '../datasets/coco/annotation';
import { contradicts, groundTruth, type LabelledAnnotation } from '../datasets/coco/ground-truth';
import { outlineBox } from '../datasets/coco/outline';
import { countObjects } from '../datasets/count-objects';
import { type FilterOptions, filterRecords } from '../datasets/filter-records';
import { nearNames } from '../datasets/near-names';
import { type ClassOptions, reportsOthers, selectClasses } from '../datasets/select-classes';
import { uprightBox } from '../datasets/voc/object-box';
import { damagedFiles } from '../loading/file-damage';
import { fileSizes, isSampled, sizeProblem } from '../loading/image-sizes';
import type { Dataset, ImageRecord } from '../types';
import type { AnnotatedImage, AnnotatedObject, AnnotatedPart, Corners } from './annotated-image';
import { type FoundAnnotatedImage, findImages } from './find-images';
import { placeId, type ReadReport } from './read-report';

interface Size {
  width: number;
  height: number;
}

export interface AnnotatedOptions extends ClassOptions, FilterOptions {
  name: string;
  /** The classes that the files declare; default: the names of the objects. */
  declared?: readonly string[];
}

/**
 * The images of a part that are there, with their ground truth.
 * @param available the classes of the whole data set, so that its parts agree
 * @throws DetLabError when none of the images is there, and for classes that cannot be selected
 */
export async function annotatedDataset(
  part: AnnotatedPart,
  available: readonly string[],
  options: AnnotatedOptions,
  report: ReadReport,
): Promise<Dataset> {
  const { classes, absent } = selectClasses(options, available, report.root);
  if (!options.classes) for (const line of nearNames(classes)) report.notice(line);
  if (absent.length > 0) report.notice(`has no object of class ${absent.map((n) => `"${n}"`).join(', ')}: 0 truths`);
  const found = findImages(part, report);
  const records = await toRecords(found, classes, report);
  const others = countOthers(part.images, classes);
  if (reportsOthers(options)) reportOthers(others, report);
  const dataset: Dataset = {
    name: options.name,
    classes,
    records: filterRecords(records, options, report.problems),
    problems: report.problems,
    notices: report.notices,
    otherClasses: [...others.values()].reduce((sum, n) => sum + n, 0),
  };
  reportNoObjects(dataset, part, report);
  report.noteCounts();
  return dataset;
}

/** The class names of all parts: as declared, or those of the objects in order. */
export function classesOf(parts: readonly AnnotatedPart[], declared?: readonly string[]): string[] {
  if (declared) return [...new Set(declared)];
  const names = new Set<string>();
  for (const { images } of parts)
    for (const { objects } of images) for (const { name, everyClass } of objects) if (!everyClass) names.add(name);
  return [...names].sort(classOrder);
}

async function toRecords(
  found: readonly FoundAnnotatedImage[],
  classes: readonly string[],
  report: ReadReport,
): Promise<ImageRecord[]> {
  const damaged = await damagedFiles(found);
  report.problems.push(...damaged.values());
  const present = found.filter(({ path: file }) => !damaged.has(file));
  const doubtful = present.filter(({ image }, i) => {
    if (!image.size || image.unit === 'fractions' || isSampled(i, present.length)) return true;
    return !image.beyond && contradicts(labelled(image, image.size, classes), image.size);
  });
  const sizes = await fileSizes(doubtful, report.problems);
  const measured = new Map(doubtful.map(({ path: file }, i) => [file, sizes[i]]));
  const records: ImageRecord[] = [];
  for (const { id, path: file, image } of present) {
    const size = measured.has(file) ? measured.get(file) : image.size;
    if (!size) continue;
    const problem = image.size && sizeProblem({ id, path: file, ...image.size }, [size.height, size.width]);
    if (problem && image.unit !== 'fractions') report.problems.push(problem);
    const annotations = labelled(image, size, classes, report);
    const places = new Map(annotations.map((annotation) => [annotation.id, annotation.place]));
    const truths = groundTruth(
      annotations,
      { name: path.basename(file), ...size },
      {
        annotation: (kind, key, what, lost) => {
          if (image.beyond && kind === 'box-outside' && what.endsWith('; clipped')) return;
          report.problem(kind, image.file, places.get(key ?? '') ?? `"${image.file}"`, what, lost, key);
        },
      },
    );
    records.push({
      id,
      path: file,
      ...size,
      ...truths,
      ...(image.fields && { fields: image.fields }),
      ...(image.byCorners && { byCorners: true }),
    });
  }
  return records;
}

type PlacedAnnotation = LabelledAnnotation & { place: string };

/** The objects of the selected classes with boxes [x, y, w, h] in pixels of an image of this size. */
function labelled(
  image: AnnotatedImage,
  size: Size,
  classes: readonly string[],
  report?: ReadReport,
): PlacedAnnotation[] {
  const [sx, sy] = image.unit === 'fractions' ? [size.width, size.height] : [1, 1];
  const taken = new Set<string>();
  return image.objects.flatMap((object): PlacedAnnotation[] => {
    const labels = object.everyClass ? classes.map((_, label) => label) : [classes.indexOf(object.name)];
    if (labels[0] === -1) return [];
    const outline = Array.isArray(object.outline)
      ? object.outline.map((polygon) => polygon.map((v, i) => v * (i % 2 === 0 ? sx : sy)))
      : object.outline;
    const bbox = boxOf(object, outline, [sx, sy]);
    if (!bbox) return [];
    const turned = object.angle !== undefined && object.angle % 180 !== 0 && outline === undefined;
    if (turned)
      report?.count('boxes with an angle, of which the upright box around the turned one is used', quoted(object));
    return labels.map((label) => {
      let id = placeId(image.file, object.place);
      for (let n = 2; taken.has(id); n++) id = `${placeId(image.file, object.place)}.${n}`;
      taken.add(id);
      return {
        id,
        image: undefined,
        category: undefined,
        bbox,
        area: object.area,
        crowd: object.crowd === true,
        group: object.group === true,
        ignore: object.ignored === true,
        segmentation: outline,
        outlined: outline !== undefined,
        turned,
        label,
        place: object.place,
      };
    });
  });
}

const quoted = ({ place }: AnnotatedObject): string => place.charAt(0).toLowerCase() + place.slice(1);

function boxOf(
  { box, angle }: AnnotatedObject,
  outline: AnnotatedObject['outline'],
  [sx, sy]: readonly [number, number],
): Xywh | undefined {
  if (!box) return outline && outlineBox(outline);
  // exact where nothing is scaled; an angle is one of pixels
  const scaled: Corners = [box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy];
  const [x1, y1, x2, y2] = angle === undefined || angle % 180 === 0 ? scaled : uprightBox(scaled, angle);
  return [x1, y1, x2 - x1, y2 - y1];
}

function countOthers(images: readonly AnnotatedImage[], classes: readonly string[]): Map<string, number> {
  const known = new Set(classes);
  const others = new Map<string, number>();
  for (const { objects } of images)
    for (const { name, everyClass } of objects)
      if (!everyClass && !known.has(name)) others.set(name, (others.get(name) ?? 0) + 1);
  return others;
}

function reportOthers(others: ReadonlyMap<string, number>, report: ReadReport): void {
  for (const [name, count] of others)
    report.problems.push({
      kind: 'unknown-category',
      file: report.root,
      id: name,
      lost: 'nothing', // they are counted as objects of other classes
      message: `"${report.root}" has ${count} ${count === 1 ? 'object' : 'objects'} of class "${name}", which is none of the classes; not evaluated`,
    });
}

function reportNoObjects({ classes, records }: Dataset, part: AnnotatedPart, report: ReadReport): void {
  const { objects, ignored, crowds } = countObjects({ classes, records });
  if (objects > 0) return;
  const why =
    ignored + crowds > 0
      ? `all of its ${ignored + crowds} objects are ignored, ${crowds} of them as crowds`
      : part.images.every((image) => image.objects.length === 0)
        ? 'its images have no objects'
        : 'none of its objects is both usable and of a selected class';
  report.problems.push({
    kind: 'no-objects',
    file: report.root,
    message: `"${report.root}" (${part.name}) has nothing to train or to evaluate on: ${why}`,
  });
}
