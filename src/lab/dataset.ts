// `dataset.coco(...)`, `.voc(...)`, `.cityscapes(...)`, `.toytown(...)`: training and validation images as one displayable object.

import path from 'node:path';
import {
  type CocoOptions,
  type Dataset,
  loadCoco,
  loadVoc,
  VocFolder,
  type VocOptions,
  validationSplit,
} from '../data';
import { cityscapesAnnotations, writeCityscapesAnnotations } from '../data/datasets/cityscapes';
import { withKeypoints } from '../data/datasets/coco/keypoints';
import { datasetsOf, type FormatOptions, openFormat } from '../data/formats/open-format';
import { type BoxFormat, type PlainImage, readPlainObjects } from '../data/formats/plain-objects';
import { ReadReport } from '../data/formats/read-report';
import { generateToytownCityscapes } from '../data/toytown/cityscapes-layout';
import { loadToytown, type ToytownOptions } from '../data/toytown/generate';
import { DetLabError, nameOfValue } from '../errors';
import { type PoseMetainfo, skeletonOf } from '../geometry/skeleton';
import { CITYSCAPES_CLASSES } from '../masks/cityscapes-labels';
import { notebook } from '../visualization/display';
import { progressBundle, progressText } from '../visualization/progress';
import { LabDataset } from './lab-dataset';
import { checkMethod } from './method-options';

type CocoPart = { annFile: string; imgDir: string };
type CommonOptions = Pick<CocoOptions, 'classes' | 'absentClasses' | 'name'>;

/** The classes of validation data; others are problems unless the user left them out. */
function ofTraining({ classes }: Dataset, selected: CommonOptions) {
  const leftOut = selected.classes && selected.absentClasses !== 'note';
  return { classes, absentClasses: 'note', otherClasses: leftOut ? 'count' : 'report' } as const;
}

/** `true`: as the file's categories say, COCO's person where they say nothing; else what each keypoint is, in MMPose's form. */
type KeypointsOption = boolean | PoseMetainfo;

/** Reads a COCO file with the keypoints of its objects, where they are asked for. */
function cocoReader(keypoints: KeypointsOption): typeof loadCoco {
  if (keypoints === false) return loadCoco;
  const skeleton = keypoints === true ? undefined : skeletonOf(keypoints, 'keypoints');
  return async (annFile, imgDir, options) =>
    withKeypoints(await loadCoco(annFile, imgDir, options), path.resolve(annFile), skeleton);
}

/**
 * A COCO annotation file and its image folder; `val` is another pair for validation. With `keypoints: true` the objects that have
 * keypoints, for models of poses.
 *
 * @example await dataset.coco('person_keypoints_train2017.json', 'train2017', { classes: ['person'], keypoints: true })
 */
async function coco(
  annFile: string,
  imgDir: string,
  options: CocoOptions & { val?: CocoPart; keypoints?: KeypointsOption } = {},
): Promise<LabDataset> {
  checkMethod('dataset.coco', options);
  const { val, keypoints = false, ...rest } = options;
  const load = cocoReader(keypoints);
  for (const given of [annFile, imgDir, ...(val ? [val.annFile, val.imgDir] : [])])
    if (typeof given !== 'string' || given === '')
      throw new DetLabError(
        `Cannot load a COCO dataset: expected an annotation file and a folder of images, received ${nameOfValue(given)}. ` +
          "Use dataset.coco('annotations.json', 'images'), and val: { annFile, imgDir } for validation",
      );
  const train = await load(annFile, imgDir, rest);
  if (!val) return new LabDataset(train.name, train, undefined);
  const valData = await load(val.annFile, val.imgDir, {
    ...rest,
    ...ofTraining(train, options),
    name: `${train.name} val`,
  });
  return new LabDataset(train.name, train, valData);
}

/**
 * A VOC folder: the splits `train` and `val` of ImageSets/Main, or others by name; sub-folders of these names; or all images
 * without validation.
 */
async function voc(
  root: string,
  options: CommonOptions & Pick<VocOptions, 'bboxMinSize' | 'firstPixel'> & { train?: string; val?: string } = {},
): Promise<LabDataset> {
  checkMethod('dataset.voc', options);
  const { train: trainSplit, val: valSplit, ...rest } = options;
  const folder = new VocFolder(root);
  const name = options.name ?? path.basename(folder.root);
  const named = (split: string) => ({ split, name: `${name} ${split}` });
  const train = await loadVoc(folder, { ...rest, split: trainSplit, name: `${name} ${trainSplit ?? 'train'}` });
  const validation = valSplit ?? validationSplit(folder);
  if (validation === undefined) return new LabDataset(name, train, undefined);
  const val = await loadVoc(folder, { ...rest, ...ofTraining(train, options), ...named(validation) });
  return new LabDataset(name, train, val);
}

/**
 * A folder with leftImg8bit and gtFine, as Cityscapes is downloaded. The annotation files of MMDetection's configs are written from
 * the instance ids where they are not there yet.
 */
async function cityscapes(
  root: string,
  options: CommonOptions & { train?: string; val?: string } = {},
): Promise<LabDataset> {
  checkMethod('dataset.cityscapes', options);
  const { train = 'train', val = 'val', name = path.basename(path.resolve(root)), ...rest } = options;
  const load = async (split: string, more: CocoOptions): Promise<Dataset> => {
    const annFile = path.join(root, cityscapesAnnotations(split));
    const imgDir = path.join(root, 'leftImg8bit', split);
    const written = await writeCityscapesAnnotations({ annFile, imgDir });
    const loaded = await loadCoco(annFile, imgDir, more);
    return { ...loaded, notices: [...(written ? [written] : []), ...(loaded.notices ?? [])] };
  };
  const selected = { classes: CITYSCAPES_CLASSES, absentClasses: 'note', ...rest } as const;
  const training = await load(train, { ...selected, name: `${name} ${train}` });
  return new LabDataset(
    name,
    training,
    await load(val, { ...selected, ...ofTraining(training, options), name: `${name} ${val}` }),
  );
}

/** How generated scenes are written: as a COCO dataset, or as Cityscapes, whose classes are then those with instances. */
type Layout = 'coco' | 'cityscapes';

/**
 * The data set of a folder or an annotation file in any format that is read; `notices` says which it is and how it is known.
 * `format` names it, `images` (and `labels`) the folders where they are unusual, `train` and `val` the splits.
 *
 * @throws DetLabError when nothing is recognised, and for options that the format does not have
 * @example (await dataset.open('cells')).notices
 */
async function open(source: string, options: FormatOptions & { format?: string } = {}): Promise<LabDataset> {
  checkMethod('dataset.open', options);
  if (typeof source !== 'string' || source === '')
    throw new DetLabError(
      `Cannot open a data set: expected a folder or an annotation file, received ${nameOfValue(source)}`,
    );
  const { format = 'auto', ...rest } = options;
  const { name, train, val } = await openFormat(source, format, rest);
  return new LabDataset(name, train, val);
}

/**
 * A data set of lists: `{ image, boxes, labels }` for each image, boxes [x1, y1, x2, y2] in pixels (or as `boxFormat` says), checked as
 * those of a file are. Labels are names, or numbers of `classes`; images with `split: 'val'` are for validation.
 *
 * @throws DetLabError naming the image for what is no box and no label
 * @example await dataset.from([{ image: 'a.jpg', boxes: [[10, 20, 50, 60]], labels: ['cell'] }])
 */
async function from(
  images: Iterable<PlainImage>,
  options: CommonOptions & { boxFormat?: BoxFormat } = {},
): Promise<LabDataset> {
  checkMethod('dataset.from', options);
  if (typeof images !== 'object' || images === null || !(Symbol.iterator in images))
    throw new DetLabError(
      `Cannot make a data set: expected a list of { image, boxes, labels }, received ${nameOfValue(images)}`,
    );
  const report = new ReadReport('dataset.from');
  const { boxFormat: _, ...rest } = options;
  const reading = readPlainObjects(images, options, report);
  const { name, train, val } = await datasetsOf(reading, options.name ?? 'dataset', rest, report);
  return new LabDataset(name, train, val);
}

/** Generated street scenes: car, person, traffic light. Rendered to disk once, then read like any COCO dataset. */
async function toytown({
  layout = 'coco',
  ...options
}: ToytownOptions & { layout?: Layout } = {}): Promise<LabDataset> {
  checkMethod('dataset.toytown', { layout, ...options });
  const screen = notebook();
  const id = crypto.randomUUID();
  const signal = options.signal ?? screen?.signal;
  let shown = 0;
  const onProgress = (done: number, total: number): void => {
    options.onProgress?.(done, total);
    const now = performance.now();
    if (done === total ? shown === 0 : now - shown < 500) return;
    shown = now;
    const state = { label: 'rendering toytown', done, total };
    if (screen) screen.display(progressBundle(state), { id });
    else if (process.stderr.isTTY) process.stderr.write(`\r${progressText(state)}${done === total ? '\n' : ''}`);
  };
  if (layout === 'cityscapes') return cityscapes(await generateToytownCityscapes({ ...options, signal, onProgress }));
  const { train, val } = await loadToytown({ ...options, signal, onProgress });
  return new LabDataset('toytown', train, val);
}

/**
 * Opens datasets: of any format `dataset.open(...)`, of lists `.from(...)`, `.coco(...)`, `.voc(...)`, `.cityscapes(...)`, and the
 * generated `dataset.toytown(...)`.
 */
export const dataset = { open, from, coco, voc, cityscapes, toytown };
