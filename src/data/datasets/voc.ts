// Datasets in Pascal VOC's layout (Annotations, ImageSets/Main, JPEGImages), with the conventions of MMDetection's
// XMLDataset: coordinates are cut to integers and made 0-based (all four minus 1), `difficult` objects are ignored. Folders
// of tools that count from 0 are recognised and read as they are.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { damagedFiles } from '../loading/file-damage';
import { fileSizes, isSampled, sizeProblem } from '../loading/image-sizes';
import type { Dataset, ImageRecord } from '../types';
import { classOrder } from './class-order';
import { type FilterOptions, filterRecords } from './filter-records';
import { nearNames } from './near-names';
import { type ClassOptions, reportsOthers, selectClasses } from './select-classes';
import { unannotated } from './unannotated';
import type { VocAnnotation } from './voc/annotation';
import { type FirstPixel, findZeroBased } from './voc/first-pixel';
import { VocFolder } from './voc/folder';
import { contradicts, groundTruth, type TruthOptions } from './voc/ground-truth';
import { listedClasses } from './voc/listed-classes';
import { matchImages } from './voc/match-images';
import { VocReport } from './voc/report';
import { isListed, readSplit } from './voc/splits';

export interface VocOptions extends FilterOptions, ClassOptions {
  /** A file of ImageSets/Main without `.txt`; default `train`. If there is no ImageSets, every annotation. */
  split?: string;
  name?: string;
  /** MMDetection's `bbox_min_size`: boxes narrower or lower than this are ignored. */
  bboxMinSize?: number;
  /**
   * The number of the first pixel: 1 as in VOC (all coordinates are cut to integers, minus 1), or 0 (they are used as they
   * are). Default: 0 if a coordinate is 0 or has a fraction anywhere in the folder, else 1.
   */
  firstPixel?: FirstPixel;
}

/**
 * Reads one split of a VOC folder. What cannot be used is reported in `problems`, what is guessed in `notices`.
 *
 * @param source the folder, or one that was opened for another split
 * @throws DetLabError when the folder, the split or the classes cannot be used at all.
 * @example const train = await loadVoc('data/bccd', { split: 'train', filterEmpty: true });
 */
export async function loadVoc(source: string | VocFolder, options: VocOptions = {}): Promise<Dataset> {
  const folder = typeof source === 'string' ? new VocFolder(source) : source;
  const report = new VocReport(folder.root);
  const ids = await readSplit(folder, options.split, report);
  const annotations = await annotationsOf(ids, folder, report);
  const split = [...annotations.values()];
  // classes and the first pixel are those of the whole folder, so that its splits agree
  const whole = async () => readable(await folder.read([...new Set([...ids, ...folder.files.keys()])]));
  const { classes, absent } = await classesOf(split, whole, folder, options);
  if (!options.classes) for (const line of nearNames(classes)) report.notice(line);
  if (absent.length > 0) report.notice(`has no object of class ${absent.map((n) => `"${n}"`).join(', ')}: 0 truths`);
  const firstPixel = options.firstPixel ?? (await guessFirstPixel(split, whole, report));
  const truths = { firstPixel, classes, bboxMinSize: options.bboxMinSize };
  const records = await toRecords(annotations, ids, folder, truths, report);
  noteUnused(split, report);
  // a list leaves images out on purpose
  const left = isListed(folder) ? undefined : unannotated(folder.images.files(), folder.files.keys());
  if (left !== undefined) report.notice(left);
  const others = countOthers(split, classes);
  if (reportsOthers(options)) reportOthers(others, folder, report);
  reportNoObjects(records, split, folder, report);
  return {
    name: options.name ?? `${path.basename(folder.root)} ${options.split ?? 'train'}`,
    classes,
    records: filterRecords(records, options, report.problems),
    problems: report.problems,
    notices: report.notices,
    otherClasses: [...others.values()].reduce((sum, n) => sum + n, 0),
  };
}

const readable = (read: Awaited<ReturnType<VocFolder['read']>>): VocAnnotation[] =>
  read.filter((annotation) => 'objects' in annotation);

/** The annotations of a split by id. @throws DetLabError when none can be read, with the cause */
async function annotationsOf(ids: string[], folder: VocFolder, report: VocReport): Promise<Map<string, VocAnnotation>> {
  const found = new Map<string, VocAnnotation>();
  for (const [i, read] of (await folder.read(ids)).entries())
    if ('objects' in read) found.set(ids[i], read);
    else report.problems.push(read);
  if (found.size === 0 && ids.length > 0)
    throw new DetLabError(
      `Cannot load "${folder.root}": none of its ${ids.length.toLocaleString('en')} annotations can be used. ` +
        `The first: ${report.problems[0].message}`,
    );
  return found;
}

/** @param whole all annotations of the folder, read where the split is not enough */
async function classesOf(
  split: readonly VocAnnotation[],
  whole: () => Promise<VocAnnotation[]>,
  folder: VocFolder,
  options: VocOptions,
): Promise<{ classes: string[]; absent: string[] }> {
  const namesIn = (annotations: readonly VocAnnotation[]) =>
    new Set(annotations.flatMap(({ objects }) => objects.map(({ name }) => name)).filter((name) => name !== ''));
  let available = namesIn(split);
  const absent = (name: string) => !available.has(name);
  if (!options.classes || options.classes.some(absent)) available = namesIn(await whole());
  if (!options.classes) {
    if (available.size > 0) return { classes: [...available].sort(classOrder), absent: [] };
    throw new DetLabError(`Cannot load "${folder.root}": no annotation has a named object. Give { classes: [...] }`);
  }
  const without = options.classes.filter(absent);
  // a class that the dataset has, though no object is of it, may be selected
  const listed = without.length > 0 ? await listedClasses(folder, split) : [];
  const known = [...new Set([...available, ...listed])].sort(classOrder);
  const { classes } = selectClasses(options, known, folder.root);
  return { classes, absent: without };
}

async function guessFirstPixel(
  split: readonly VocAnnotation[],
  whole: () => Promise<VocAnnotation[]>,
  report: VocReport,
): Promise<FirstPixel> {
  const proof = await findZeroBased(split, whole);
  if (proof === undefined) return 1;
  report.notice(
    `its coordinates count from 0, not from 1 as VOC's (${proof}): they are used as they are. ` +
      '{ firstPixel: 1 } (first_pixel in configs, --data voc:FOLDER,first-pixel=1) reads them as MMDetection does, cut to integers and minus 1',
  );
  return 0;
}

/** Records of the images that are there; the file of an image is asked for its size where the annotations leave doubt. */
async function toRecords(
  annotations: ReadonlyMap<string, VocAnnotation>,
  ids: readonly string[],
  folder: VocFolder,
  options: TruthOptions,
  report: VocReport,
): Promise<ImageRecord[]> {
  const matched = matchImages(annotations, folder, report);
  const checked = matched.map(({ id, path: file, annotation }) => ({ id, path: file, size: annotation.size }));
  const damaged = await damagedFiles(checked);
  report.problems.push(...damaged.values());
  const present = matched.filter(({ path: file }) => !damaged.has(file));
  const doubtful = present.filter(
    ({ annotation }, i) => isSampled(i, present.length) || contradicts(annotation, options.firstPixel),
  );
  const sizes = await fileSizes(doubtful, report.problems);
  const measured = new Map(doubtful.map(({ id }, i) => [id, sizes[i]]));
  const unsized = doubtful.filter(({ annotation }, i) => !annotation.size && sizes[i]).length;
  if (unsized > 0)
    report.notice(`${unsized} of ${annotations.size} annotations have no size; the image files are asked`);
  const numbers = new Map(ids.map((id, i) => [id, i + 1]));
  const records: ImageRecord[] = [];
  for (const { id, path: file, annotation } of present) {
    const size = measured.get(id) ?? annotation.size;
    if (!size) continue;
    const problem = annotation.size && sizeProblem({ id, path: file, ...annotation.size }, [size.height, size.width]);
    if (problem) report.problems.push(problem);
    const truths = groundTruth(id, annotation, size, options, report);
    records.push({ id: numbers.get(id)!, path: file, ...size, ...truths });
  }
  return records;
}

const counted = (n: number, one: string, several: string): string =>
  n === 1 ? `1 ${one}` : `${n.toLocaleString('en')} ${several}`;

/** What is in the annotations and not used, and encodings that were guessed. */
function noteUnused(split: readonly VocAnnotation[], report: VocReport): void {
  const objects = split.flatMap((annotation) => annotation.objects);
  const outlined = objects.filter(({ polygon }) => polygon).length;
  if (outlined > 0)
    report.notice(
      `${counted(outlined, 'object has a polygon', 'objects have polygons')}, of which only the boxes are used: masks are ` +
        "read from COCO's JSON",
    );
  const turned = objects.filter(({ angle }) => angle !== undefined).length;
  if (turned > 0)
    report.notice(
      `${counted(turned, 'box has', 'boxes have')} an angle (rotation or robndbox); the upright box around the turned one is used`,
    );
  const deleted = split.reduce((sum, annotation) => sum + annotation.deleted, 0);
  if (deleted > 0) report.notice(`${counted(deleted, 'object is', 'objects are')} marked as deleted; not used`);
  const guessed = split.filter(({ guessedEncoding }) => guessedEncoding);
  if (guessed.length > 0)
    report.notice(
      `${counted(guessed.length, 'annotation is', 'annotations are')} not in the encoding that is declared or in UTF-8, ` +
        `such as "${guessed[0].file}"; read as ${guessed[0].guessedEncoding}`,
    );
}

/** The number of objects of each class that is not among the selected ones. */
function countOthers(split: readonly VocAnnotation[], classes: readonly string[]): Map<string, number> {
  const known = new Set(classes);
  const others = new Map<string, number>();
  for (const { name } of split.flatMap(({ objects }) => objects))
    if (name !== '' && !known.has(name)) others.set(name, (others.get(name) ?? 0) + 1);
  return others;
}

/** For classes that are a model's or the training data's: objects of others are probably missing from those. */
function reportOthers(others: ReadonlyMap<string, number>, { root }: VocFolder, report: VocReport): void {
  for (const [name, count] of others) {
    const message = `"${root}" has ${counted(count, 'object', 'objects')} of class "${name}", which is none of the classes; not evaluated`;
    // they are counted as objects of other classes
    report.problem('unknown-category', root, name, message, 'nothing');
  }
}

/** Reports a split without objects, or whose every object is ignored or skipped. */
function reportNoObjects(
  records: readonly ImageRecord[],
  split: readonly VocAnnotation[],
  { root }: VocFolder,
  report: VocReport,
): void {
  if (records.some(({ truths }) => truths.ignored.includes(0))) return;
  const ignored = records.some(({ truths }) => truths.labels.length > 0);
  report.problems.push({
    kind: 'no-objects',
    file: root,
    message:
      `"${root}" has nothing to train or to evaluate on: ` +
      (ignored
        ? 'each of its objects is ignored (difficult, or below bbox_min_size)'
        : split.every(({ objects }) => objects.length === 0)
          ? `${split.length === 1 ? 'its annotation file names' : `its ${split.length} annotation files name`} no object`
          : 'none of its objects is both usable and of a selected class'),
  });
}
