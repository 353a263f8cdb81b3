// `dataset.coco(...)`, `.voc(...)`, `.toytown(...)`: training and validation images as one displayable object.

import path from 'node:path';
import { type CocoOptions, type Dataset, loadCoco, loadVoc, type VocOptions } from '../data';
import { loadToytown, type ToytownOptions } from '../data/toytown/generate';
import { DetLabError } from '../errors';
import { notebook } from '../visualization/display';
import { progressBundle, progressText } from '../visualization/progress';
import { LabDataset } from './lab-dataset';

type CocoPart = { annFile: string; imgDir: string };
type CommonOptions = Pick<CocoOptions, 'classes' | 'absentClasses' | 'name'>;

/** A COCO annotation file and its image folder; `val` is another pair for validation. */
async function coco(
  annFile: string,
  imgDir: string,
  options: CocoOptions & { val?: CocoPart } = {},
): Promise<LabDataset> {
  const { val, ...rest } = options;
  const train = await loadCoco(annFile, imgDir, rest);
  if (!val) return new LabDataset(train.name, train, undefined);
  const valData = await loadCoco(val.annFile, val.imgDir, {
    ...rest,
    classes: train.classes,
    absentClasses: 'note',
    name: `${train.name} val`,
  });
  return new LabDataset(train.name, train, valData);
}

/** A VOC folder: the splits `train` and `val` of ImageSets/Main, or others by name. */
async function voc(
  root: string,
  options: CommonOptions & Pick<VocOptions, 'bboxMinSize'> & { train?: string; val?: string } = {},
): Promise<LabDataset> {
  const { train: trainSplit = 'train', val: valSplit, ...rest } = options;
  const name = options.name ?? path.basename(path.resolve(root));
  const train = await loadVoc(root, { ...rest, split: trainSplit, name: `${name} ${trainSplit}` });
  let val: Dataset | undefined;
  try {
    val = await loadVoc(root, {
      ...rest,
      classes: train.classes,
      absentClasses: 'note',
      split: valSplit ?? 'val',
      name: `${name} ${valSplit ?? 'val'}`,
    });
  } catch (error) {
    // a folder without a validation split is fine unless one was requested
    if (valSplit !== undefined || !(error instanceof DetLabError)) throw error;
  }
  // without any split both names give the whole folder
  if (val && valSplit === undefined && sameImages(train, val)) val = undefined;
  return new LabDataset(name, train, val);
}

const sameImages = (a: Dataset, b: Dataset) =>
  a.records.length === b.records.length && a.records.every((r, i) => r.path === b.records[i].path);

/** Generated street scenes: car, person, traffic light. Rendered to disk once, then read like any COCO dataset. */
async function toytown(options: ToytownOptions = {}): Promise<LabDataset> {
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
  const { train, val } = await loadToytown({ ...options, signal, onProgress });
  return new LabDataset('toytown', train, val);
}

export const dataset = { coco, voc, toytown };
