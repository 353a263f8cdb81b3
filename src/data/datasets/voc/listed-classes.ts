// Class names that a VOC folder has whether or not there are objects of them: those of labelmap.txt, which CVAT and datumaro
// write, and the twenty of the official datasets.

import path from 'node:path';
import { LIMITS, readBounded } from '../../loading/bounded-read';
import { decodeText } from '../../loading/text-encoding';
import type { VocAnnotation } from './annotation';
import { isOfficial } from './first-pixel';
import type { VocFolder } from './folder';

const OFFICIAL = [
  ...['aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow', 'diningtable', 'dog'],
  ...['horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor'],
];

/** @param annotations some of the folder's */
export async function listedClasses({ root }: VocFolder, annotations: readonly VocAnnotation[]): Promise<string[]> {
  return [...(await labelMap(path.join(root, 'labelmap.txt'))), ...(annotations.some(isOfficial) ? OFFICIAL : [])];
}

/** The first column of `label:color_rgb:parts:actions`, without the background. */
async function labelMap(file: string): Promise<string[]> {
  let text: string;
  try {
    text = decodeText(await readBounded(file, LIMITS.list)).text;
  } catch {
    return []; // most folders have none
  }
  const names = text.split(/\r?\n/).filter((line) => !line.startsWith('#'));
  return names.map((line) => line.split(':')[0].trim()).filter((name) => name !== '' && name !== 'background');
}
