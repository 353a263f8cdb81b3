// `--data`: `toytown[:images=300,seed=1]`, `voc:FOLDER[,first-pixel=0]`, `coco:ANN.json,IMAGES[,VAL_ANN.json,VAL_IMAGES]`, another
// format by name (`yolo:FOLDER[,images=DIR]`), or a folder or file whose format is recognised (`auto:FOLDER`).

import { existsSync, statSync } from 'node:fs';
import { formatNames } from '../data/formats/open-format';
import { DetLabError, didYouMean } from '../errors';
import { dataset } from '../lab/dataset';
import type { LabDataset } from '../lab/lab-dataset';
import { CommandFailure, EXIT } from './outcome';

export const DATA_HELP =
  'a folder or file in any format that is recognised, also as auto:PATH; FORMAT:PATH[,images=DIR,labels=DIR,train=SPLIT,val=SPLIT,' +
  `attribute=NAME] with ${formatNames().join(', ')}; coco:ANN.json,IMAGES[,VAL_ANN.json,VAL_IMAGES]; voc:FOLDER[,first-pixel=0|1,train=SPLIT,val=SPLIT]; cityscapes:FOLDER; ` +
  'toytown[:images=N,seed=N]; ' +
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
  if (kind === 'cityscapes' && isFolder(rest))
    return dataset.cityscapes(rest, classes && { classes, absentClasses: 'note' });
  if (kind === 'voc') return openVoc(option, rest, selected);
  if (kind === 'coco' && rest.includes(',') && !OPTIONS.test(rest)) {
    const [annFile, imgDir, valAnn, valDir, ...more] = rest.split(',');
    if (!annFile || !imgDir || (valAnn && !valDir) || more.length > 0)
      throw new DetLabError(`Cannot use --data "${option}": expected coco:ANN.json,IMAGES[,VAL_ANN.json,VAL_IMAGES]`);
    return dataset.coco(annFile, imgDir, {
      ...selected,
      val: valAnn ? { annFile: valAnn, imgDir: valDir } : undefined,
    });
  }
  if (existsSync(option)) return dataset.open(option, selected);
  if (colon > 1 && [...formatNames(), 'auto'].includes(kind)) return openNamed(option, kind, rest, selected);
  throw new DetLabError(`Cannot use --data "${option}": expected ${DATA_HELP}`);
}

/** `PATH[,key=value...]`; a path may have commas in its name. */
const OPTIONS = /,(\w+)=([^,]*)$/;

function openNamed(
  option: string,
  format: string,
  rest: string,
  selected: { classes?: readonly string[]; absentClasses: 'note' },
): Promise<LabDataset> {
  const given: Record<string, string> = {};
  let path = rest;
  for (let found = OPTIONS.exec(path); found && !existsSync(path); found = OPTIONS.exec(path)) {
    const [whole, key, value] = found;
    if (!KEYS.includes(key) || value === '')
      throw new DetLabError(
        `Cannot use --data "${option}": expected ${KEYS.map((name) => `${name}=...`).join(', ')}, received "${key}=${value}".${didYouMean(key, KEYS)}`,
      );
    given[key] = value;
    path = path.slice(0, -whole.length);
  }
  if (path === '') throw new DetLabError(`Cannot use --data "${option}": expected ${format}:PATH`);
  return dataset.open(path, { ...selected, ...given, format });
}

const KEYS = ['images', 'labels', 'train', 'val', 'attribute'];

/** @throws DetLabError for data that is not given by COCO files, whose ids results have */
export function requireCoco(option: string | undefined): void {
  if (option?.startsWith('coco:')) return;
  throw new DetLabError(
    `Cannot use results with --data ${option === undefined ? '(none)' : `"${option}"`}: expected coco:ANN.json,IMAGES, ` +
      'whose image and category ids the results have',
  );
}

/** `FOLDER[,first-pixel=0|1,train=SPLIT,val=SPLIT]`; a folder may have commas in its name. */
function openVoc(
  option: string,
  rest: string,
  selected: { classes?: readonly string[]; absentClasses: 'note' },
): Promise<LabDataset> {
  const given: { firstPixel?: 0 | 1; train?: string; val?: string } = {};
  let folder = rest;
  for (let found = VOC_OPTION.exec(folder); found && !isFolder(folder); found = VOC_OPTION.exec(folder)) {
    const [, before, key, value] = found;
    if ((key === 'train' || key === 'val') && value !== '') given[key] = value;
    else if (key === 'first-pixel' && (value === '0' || value === '1')) given.firstPixel = value === '0' ? 0 : 1;
    else
      throw new DetLabError(
        `Cannot use --data "${option}": expected voc:FOLDER,first-pixel=0 or voc:FOLDER,first-pixel=1, received "${key}=${value}"`,
      );
    folder = before;
  }
  return dataset.voc(folder, { ...selected, ...given });
}

const VOC_OPTION = /^(.+),([^,=]*)=([^,]*)$/;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const TOYTOWN = ['images', 'seed', 'width', 'height'];

function numbers(text: string): { images?: number; seed?: number } {
  const result: Record<string, number> = {};
  for (const part of text.split(',').filter(Boolean)) {
    const [key, value] = part.split('=');
    const isKnown = TOYTOWN.includes(key);
    if (!isKnown || !/^-?\d+$/.test(value ?? ''))
      throw new CommandFailure(
        EXIT.usage,
        new DetLabError(
          isKnown
            ? `Cannot use toytown option "${part}": expected a whole number, as in ${key}=16, received "${value ?? ''}"`
            : `Cannot use toytown option "${part}": expected images=N, seed=N, width=N or height=N.${didYouMean(key, TOYTOWN)}`,
        ),
      );
    result[key] = Number(value);
  }
  return result;
}
