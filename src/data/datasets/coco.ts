// Datasets in COCO's JSON format, with the conventions of MMDetection's CocoDataset: crowds are ignore regions; boxes
// outside the image, without area or thinner than a pixel are skipped (here: and reported). Boxes that extend beyond the
// border are left to Resize to clip. Unlike MMDetection, labels follow the order of `classes`, and objects with `ignore` are
// ignored as VOC's difficult ones, not left out.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { ShardBuilder } from '../columns/shard-builder';
import { damagedFiles } from '../loading/file-damage';
import { fileSizes, isSampled, sizeProblem } from '../loading/image-sizes';
import { problemLines } from '../problem-lines';
import type { Dataset, ImageRecord } from '../types';
import { classNames, readCategories } from './coco/categories';
import { type CocoContent, readContent } from './coco/content';
import { cachedContent } from './coco/content-cache';
import { fieldsOf } from './coco/fields';
import { type CocoImage, readImages } from './coco/images';
import { LabelledAnnotations, usedCategories } from './coco/labelled-annotations';
import { addSegments, panopticContent, thingsFirst } from './coco/panoptic';
import { CocoReport } from './coco/report';
import { countObjects } from './count-objects';
import { type FilterOptions, filterRecords } from './filter-records';
import { withProposals } from './proposal-file';
import { type ClassOptions, reportsOthers, selectClasses } from './select-classes';

export interface CocoOptions extends FilterOptions, ClassOptions {
  /** Name shown in tables; default: the annotation file's. */
  name?: string;
  /** JSON file of precomputed proposals, for Fast R-CNN. */
  proposalFile?: string;
  /** What the annotations have the file of an image under; default: file_name. */
  imageField?: string;
  /** Where in `imgDir` the file of an image is, by that field; undefined for an image to leave out. */
  imageFile?: (fileName: string) => string | undefined;
  /** Folder of the PNG files of a panoptic annotation file. */
  panopticDir?: string;
  /** What `cachedContent` gave for the file, where it has been read; it is used up. */
  content?: CocoContent;
}

/**
 * Reads a COCO annotation file; `imgDir` holds its images. What was read of a large file is kept in DetLab's cache folder (see
 * coco/content-cache.ts), its images are checked each time. What cannot be used is reported in `problems`, what is guessed in
 * `notices`.
 *
 * @throws DetLabError when the file or the folder cannot be used (missing, not JSON, no categories, none of the images).
 * @example const train = await loadCoco('annotations/train.json', 'train2017', { filterEmpty: true, minSize: 32 });
 */
export async function loadCoco(annFile: string, imgDir: string, options: CocoOptions = {}): Promise<Dataset> {
  const file = path.resolve(annFile);
  const content = options.content ?? (await cachedContent(file, readContent));
  const report = new CocoReport(file);
  report.notices.push(...content.notices);
  const categories = readCategories(content.categories, report);
  const { panopticDir } = options;
  const panoptic = panopticDir === undefined ? undefined : panopticContent(content.annotations, categories, file);
  const table = panoptic?.things ?? content.annotations;
  if (table.panoptic)
    throw new DetLabError(
      `Cannot use "${file}": it is a panoptic annotation file, whose segments are in PNG files. Give the file of instances, ` +
        'or use CocoPanopticDataset',
    );
  const available = panoptic ? thingsFirst(categories) : classNames(categories, usedCategories(table), report);
  const known = [...new Set([...categories.values()].map(({ name }) => name))];
  const { classes, absent } = selectClasses(options, options.classes ? known : available, file);
  const images = [...readImages(imageEntries(content.images, options), imgDir, report).values()];
  content.images.length = 0; // no longer needed
  if (images.length === 0)
    throw new DetLabError(
      `Cannot load "${file}": it has no usable images. ${problemLines(report.problems).join('. ') || 'It lists none'}`,
    );
  const annotations = new LabelledAnnotations(table, { categories, classes, images }, report);
  const records = await toRecords(images, annotations, path.resolve(imgDir), report);
  if (panoptic)
    addSegments(records, images, panoptic, { classes, categories, folder: path.resolve(panopticDir!), report });
  const { others } = annotations;
  noteClasses(absent, others, reportsOthers(options), report);
  reportNoObjects(table.length, classes, records, report);
  const dataset: Dataset = {
    name: options.name ?? path.basename(file, '.json'),
    classes,
    categories: [...categories.values()].flatMap(({ id, name, supercategory, frequency, isThing, pose }) =>
      typeof id === 'number'
        ? [
            {
              id,
              label: classes.indexOf(name),
              ...(pose && { pose: { category: name, ...pose } }),
              ...(supercategory && { supercategory }),
              ...(frequency && { frequency }),
              ...(panoptic && { isThing }),
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
function imageEntries(
  entries: unknown[],
  { imageFile, imageField = 'file_name' }: Pick<CocoOptions, 'imageFile' | 'imageField'>,
): unknown[] {
  if (!imageFile) return entries;
  return entries.flatMap((entry) => {
    const fields = fieldsOf(entry);
    const given = fields?.[imageField];
    if (typeof given !== 'string') return [entry];
    const file = imageFile(given);
    return file === undefined ? [] : [{ ...fields, file_name: file }];
  });
}

/** Records of the images that are there. The file of an image is asked for its size where the annotations leave doubt. */
async function toRecords(
  images: readonly CocoImage[],
  annotations: LabelledAnnotations,
  folder: string,
  report: CocoReport,
): Promise<ImageRecord[]> {
  const found = images.flatMap((image, number) =>
    image.path === undefined ? [] : [{ ...image, path: image.path, number }],
  );
  const damaged = await damagedFiles(found);
  report.problems.push(...damaged.values());
  const present = damaged.size === 0 ? found : found.filter(({ path: file }) => !damaged.has(file));
  const doubtful = present.filter(
    ({ number, size }, i) => isSampled(i, present.length) || !size || annotations.contradict(number, size),
  );
  const sizes = await fileSizes(doubtful, report.problems);
  const measured = new Map(doubtful.map(({ key }, i) => [key, sizes[i]]));
  const unsized = doubtful.filter((image, i) => !image.size && sizes[i]).length;
  if (unsized > 0)
    report.notice(`${unsized} of ${images.length} images have no width and height; their files are asked`);
  const builder = new ShardBuilder(folder.endsWith(path.sep) ? folder : folder + path.sep, annotations.table.texts);
  for (const image of present) {
    const size = measured.get(image.key) ?? image.size;
    if (!size) continue;
    const { id, path: file, fields, name, number } = image;
    const problem = image.size && sizeProblem({ id, path: file, ...image.size }, [size.height, size.width]);
    if (problem) report.problems.push(problem);
    builder.image({ id, path: file, ...size, fields });
    annotations.write(number, { name, ...size }, builder, report);
  }
  return builder.finish();
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
