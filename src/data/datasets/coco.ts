// Datasets in COCO's JSON format, with the conventions of MMDetection's CocoDataset: crowds are ignore regions; boxes
// outside the image, without area or thinner than a pixel are skipped (here: and reported). Boxes that extend beyond the
// border are left to Resize to clip. Unlike MMDetection, labels follow the order of `classes`, and objects with `ignore` are
// ignored as VOC's difficult ones, not left out.

import path from 'node:path';
import { DetLabError, nameOfValue } from '../../errors';
import { damagedFiles } from '../loading/file-damage';
import { fileSizes, isSampled, sizeProblem } from '../loading/image-sizes';
import { readJson } from '../loading/json-file';
import { problemLines } from '../problem-lines';
import type { Dataset, ImageRecord } from '../types';
import { type CocoAnnotation, readAnnotation } from './coco/annotation';
import { type Category, classNames, readCategories } from './coco/categories';
import { fieldsOf, type Key, keyOf } from './coco/fields';
import { contradicts, groundTruth, type LabelledAnnotation } from './coco/ground-truth';
import { type CocoImage, readImages } from './coco/images';
import { CocoReport } from './coco/report';
import { noteGeometry } from './coco/suspicions';
import { countObjects } from './count-objects';
import { type FilterOptions, filterRecords } from './filter-records';
import { withProposals } from './proposal-file';
import { type ClassOptions, reportsOthers, selectClasses } from './select-classes';

export interface CocoOptions extends FilterOptions, ClassOptions {
  /** Name shown in tables; default: the annotation file's. */
  name?: string;
  /** JSON file of precomputed proposals, for Fast R-CNN. */
  proposalFile?: string;
  /** Where in `imgDir` the file of an image is, by the file_name of the annotations; undefined for an image to leave out. */
  imageFile?: (fileName: string) => string | undefined;
}

/**
 * Reads a COCO annotation file; `imgDir` holds its images. What cannot be used is reported in `problems`, what is guessed in
 * `notices`.
 *
 * @throws DetLabError when the file or the folder cannot be used (missing, not JSON, no categories, none of the images).
 * @example const train = await loadCoco('annotations/train.json', 'train2017', { filterEmpty: true, minSize: 32 });
 */
export async function loadCoco(annFile: string, imgDir: string, options: CocoOptions = {}): Promise<Dataset> {
  const file = path.resolve(annFile);
  const { json, notices } = await readJson(file, 'annotation file');
  const content = fieldsOf(json);
  if (!content)
    throw new DetLabError(
      `Cannot use "${file}" as a COCO annotation file: expected an object with images, annotations and categories`,
    );
  const report = new CocoReport(file);
  report.notices.push(...notices);
  const categories = readCategories(listOf(content, 'categories', file), report);
  const entries = listOf(content, 'annotations', file);
  if (entries.some((entry) => Array.isArray(fieldsOf(entry)?.segments_info)))
    throw new DetLabError(
      `Cannot use "${file}": it is a panoptic annotation file, whose segments are in PNG files. Give the file of instances`,
    );
  const available = classNames(categories, categoriesOf(entries), report);
  const known = [...new Set([...categories.values()].map(({ name }) => name))];
  const { classes, absent } = selectClasses(options, options.classes ? known : available, file);
  const images = readImages(imageEntries(listOf(content, 'images', file), options.imageFile), imgDir, report);
  if (images.size === 0)
    throw new DetLabError(
      `Cannot load "${file}": it has no usable images. ${problemLines(report.problems).join('. ') || 'It lists none'}`,
    );
  const { byImage, others } = annotationsByImage(entries, { categories, classes, images }, report);
  const records = await toRecords(images, byImage, report);
  noteClasses(absent, others, reportsOthers(options), report);
  reportNoObjects(entries.length, classes, records, report);
  const dataset: Dataset = {
    name: options.name ?? path.basename(file, '.json'),
    classes,
    categories: [...categories.values()].flatMap(({ id, name, supercategory, frequency }) =>
      typeof id === 'number'
        ? [
            {
              id,
              label: classes.indexOf(name),
              ...(supercategory && { supercategory }),
              ...(frequency && { frequency }),
            },
          ]
        : [],
    ),
    records: filterRecords(records, options, report.problems),
    problems: report.problems,
    notices: report.notices,
    otherClasses: [...others.values()].reduce((sum, n) => sum + n, 0),
  };
  return options.proposalFile ? withProposals(dataset, options.proposalFile) : dataset;
}

/** The entries of images with the files that the dataset keeps them in. */
function imageEntries(entries: unknown[], imageFile: CocoOptions['imageFile']): unknown[] {
  if (!imageFile) return entries;
  return entries.flatMap((entry) => {
    const fields = fieldsOf(entry);
    if (typeof fields?.file_name !== 'string') return [entry];
    const file = imageFile(fields.file_name);
    return file === undefined ? [] : [{ ...fields, file_name: file }];
  });
}

function listOf(json: Record<string, unknown>, key: string, file: string): unknown[] {
  const value = json[key];
  if (Array.isArray(value)) return value;
  throw new DetLabError(
    `Cannot use "${file}" as a COCO annotation file: expected a list "${key}", received ${value === undefined ? 'nothing' : nameOfValue(value)}`,
  );
}

const categoriesOf = (entries: readonly unknown[]): Set<Key> =>
  new Set(entries.map((entry) => keyOf(fieldsOf(entry)?.category_id)).filter((key) => key !== undefined));

interface Context {
  categories: ReadonlyMap<Key, Category>;
  classes: readonly string[];
  images: ReadonlyMap<Key, CocoImage>;
}

/** The usable annotations of each image, and the number of those of each category that is not among the classes. */
function annotationsByImage(entries: readonly unknown[], { categories, classes, images }: Context, report: CocoReport) {
  const labelOfName = new Map(classes.map((name, i) => [name, i]));
  const byImage = new Map<Key, LabelledAnnotation[]>([...images.keys()].map((key) => [key, []]));
  const others = new Map<string, number>();
  const seen = new Set<number | string>();
  const reused = new Set<number | string>();
  const withoutId = entries.filter((entry) => keyOf(fieldsOf(entry)?.id) === undefined).length;
  let free = withoutId > 0 ? firstFree(entries) : 0;
  if (withoutId > 0) report.notice(`${withoutId} of ${entries.length} annotations have no id; numbered from ${free}`);
  let turned = 0;
  for (const entry of entries) {
    const annotation = readAnnotation(entry, free, report);
    if (keyOf(fieldsOf(entry)?.id) === undefined) free++;
    if (!annotation) continue;
    const { id, category, image } = annotation;
    const name = category === undefined ? undefined : categories.get(category)?.name;
    if (name === undefined) {
      const what =
        category === undefined ? 'has no category_id' : `has category_id ${category}, which "categories" does not list`;
      report.annotation('unknown-category', id, `${what}; skipped`);
      continue;
    }
    if (image === undefined || !images.has(image)) {
      const what = image === undefined ? 'has no image_id' : `belongs to image ${image}, which "images" does not list`;
      report.annotation('bad-annotation', id, `${what}; skipped`);
      continue;
    }
    const label = labelOfName.get(name);
    if (label === undefined) {
      others.set(name, (others.get(name) ?? 0) + 1);
      continue;
    }
    // the same annotation twice in one image is found beside its ground truth
    if (
      seen.has(id) &&
      !reused.has(id) &&
      !byImage.get(image)!.some((other) => other.id === id && isSame(other, annotation))
    ) {
      reused.add(id);
      report.annotation('duplicate', id, 'is the id of several annotations; all are used');
    }
    seen.add(id);
    if (annotation.turned) turned++;
    byImage.get(image)!.push(Object.assign(annotation, { label }));
  }
  if (turned > 0)
    report.notice(
      `${turned} ${turned === 1 ? 'box has' : 'boxes have'} an angle (attributes.rotation); the upright box around the turned one is used`,
    );
  noteGeometry(byImage, images, report);
  return { byImage, others };
}

const isSame = (a: CocoAnnotation, b: CocoAnnotation): boolean =>
  a.category === b.category && a.bbox.every((v, i) => v === b.bbox[i]);

function firstFree(entries: readonly unknown[]): number {
  let highest = 0;
  for (const entry of entries) {
    const id = Number(fieldsOf(entry)?.id);
    if (Number.isSafeInteger(id)) highest = Math.max(highest, id);
  }
  return highest + 1;
}

/** Records of the images that are there. The file of an image is asked for its size where the annotations leave doubt. */
async function toRecords(
  images: ReadonlyMap<Key, CocoImage>,
  byImage: ReadonlyMap<Key, LabelledAnnotation[]>,
  report: CocoReport,
): Promise<ImageRecord[]> {
  const found = [...images.values()].filter((image): image is CocoImage & { path: string } => image.path !== undefined);
  const damaged = await damagedFiles(found);
  report.problems.push(...damaged.values());
  const present = found.filter(({ path: file }) => !damaged.has(file));
  const doubtful = present.filter(
    ({ key, size }, i) => isSampled(i, present.length) || !size || contradicts(byImage.get(key)!, size),
  );
  const sizes = await fileSizes(doubtful, report.problems);
  const measured = new Map(doubtful.map(({ key }, i) => [key, sizes[i]]));
  const records: ImageRecord[] = [];
  const unsized = doubtful.filter((image, i) => !image.size && sizes[i]).length;
  if (unsized > 0) report.notice(`${unsized} of ${images.size} images have no width and height; their files are asked`);
  for (const image of present) {
    const size = measured.get(image.key) ?? image.size;
    if (!size) continue;
    const { id, path: file } = image;
    const problem = image.size && sizeProblem({ id, path: file, ...image.size }, [size.height, size.width]);
    if (problem) report.problems.push(problem);
    records.push({
      id,
      path: file,
      ...size,
      ...(image.fields && { fields: image.fields }),
      ...groundTruth(byImage.get(image.key)!, { name: image.name, ...size }, report),
    });
  }
  return records;
}

/** Reports a dataset without annotations, or whose every object is ignored or skipped, and says when most are crowds. */
function reportNoObjects(
  annotations: number,
  classes: readonly string[],
  records: ImageRecord[],
  report: CocoReport,
): void {
  const { objects, crowds, ignored } = countObjects({ classes: [...classes], records });
  const all = objects + crowds + ignored;
  if (objects === 0)
    report.problems.push({
      kind: 'no-objects',
      file: report.file,
      message:
        `"${report.file}" has nothing to train or to evaluate on: ` +
        (all > 0
          ? all === 1
            ? `its only object is ignored${crowds === 1 ? ', as a crowd' : ''}`
            : `all of its ${all} objects are ignored, ${crowds} of them as crowds`
          : annotations === 0
            ? 'its "annotations" are empty'
            : 'none of its annotations is both usable and of a selected class'),
    });
  else if (crowds > objects)
    report.notice(
      `${crowds} of ${all} objects are crowds, which are ignored: some tools write iscrowd: 1 for every mask of run ` +
        'lengths or of several parts',
    );
}

/** @param problems whether other categories are problems */
function noteClasses(
  absent: readonly string[],
  others: ReadonlyMap<string, number>,
  problems: boolean,
  report: CocoReport,
): void {
  if (absent.length > 0) report.notice(`has no category ${absent.map((name) => `"${name}"`).join(', ')}: 0 truths`);
  if (!problems) return;
  for (const [name, count] of others)
    report.problems.push({
      kind: 'unknown-category',
      file: report.file,
      id: name,
      lost: 'nothing', // they are counted as objects of other classes
      message: `"${report.file}" has ${count} ${count === 1 ? 'object' : 'objects'} of category "${name}", which is none of the classes; not evaluated`,
    });
}
