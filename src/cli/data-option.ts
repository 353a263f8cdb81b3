// `--data`: `toytown[:images=300,seed=1]`, `voc:FOLDER[,first-pixel=0]`, `coco:ANN.json,IMAGES[,VAL_ANN.json,VAL_IMAGES]`, or a VOC
// folder.

import { statSync } from 'node:fs';
import { DetLabError } from '../errors';
import { dataset } from '../lab/dataset';
import type { LabDataset } from '../lab/lab-dataset';

export const DATA_HELP =
  'toytown[:images=N,seed=N], voc:FOLDER[,first-pixel=0|1], coco:ANN.json,IMAGES[,VAL_ANN.json,VAL_IMAGES], or a VOC folder; ' +
  'first-pixel: the number of the first pixel in VOC files, 0 where a coordinate is 0 or has a fraction by default, else 1; ' +
  'default: the data of the config';

/**
 * @param classes in label order; default: those of the data
 * @throws DetLabError when the data cannot be found or read
 */
export function openData(option: string, classes?: readonly string[]): Promise<LabDataset> {
  const colon = option.indexOf(':');
  const kind = colon < 0 ? option : option.slice(0, colon);
  const rest = colon < 0 ? '' : option.slice(colon + 1);
  if (kind === 'toytown') return dataset.toytown(numbers(rest));
  const selected = { classes, absentClasses: 'note' } as const;
  if (kind === 'voc') return openVoc(option, rest, selected);
  if (kind === 'coco') {
    const [annFile, imgDir, valAnn, valDir, ...more] = rest.split(',');
    if (!annFile || !imgDir || (valAnn && !valDir) || more.length > 0)
      throw new DetLabError(`Cannot use --data "${option}": expected coco:ANN.json,IMAGES[,VAL_ANN.json,VAL_IMAGES]`);
    return dataset.coco(annFile, imgDir, {
      ...selected,
      val: valAnn ? { annFile: valAnn, imgDir: valDir } : undefined,
    });
  }
  if (isFolder(option)) return dataset.voc(option, selected);
  throw new DetLabError(`Cannot use --data "${option}": expected ${DATA_HELP}`);
}

/** @throws DetLabError for data that is not given by COCO files, whose ids results have */
export function requireCoco(option: string | undefined): void {
  if (option?.startsWith('coco:')) return;
  throw new DetLabError(
    `Cannot use results with --data ${option === undefined ? '(none)' : `"${option}"`}: expected coco:ANN.json,IMAGES, ` +
      'whose image and category ids the results have',
  );
}

/** `FOLDER[,first-pixel=0|1]`; a folder may have commas in its name. */
function openVoc(
  option: string,
  rest: string,
  selected: { classes?: readonly string[]; absentClasses: 'note' },
): Promise<LabDataset> {
  const [, folder, key, value] = /^(.+),([^,=]*)=([^,]*)$/.exec(rest) ?? [];
  if (folder === undefined || isFolder(rest)) return dataset.voc(rest, selected);
  if (key !== 'first-pixel' || !['0', '1'].includes(value))
    throw new DetLabError(
      `Cannot use --data "${option}": expected voc:FOLDER,first-pixel=0 or voc:FOLDER,first-pixel=1, received "${key}=${value}"`,
    );
  return dataset.voc(folder, { ...selected, firstPixel: value === '0' ? 0 : 1 });
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function numbers(text: string): { images?: number; seed?: number } {
  const result: Record<string, number> = {};
  for (const part of text.split(',').filter(Boolean)) {
    const [key, value] = part.split('=');
    if (!['images', 'seed', 'width', 'height'].includes(key) || !Number.isInteger(Number(value)) || value === '')
      throw new DetLabError(`Cannot use toytown option "${part}": expected images=N, seed=N, width=N or height=N`);
    result[key] = Number(value);
  }
  return result;
}
