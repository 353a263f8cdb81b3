// Toytown in the layout of Cityscapes: leftImg8bit and gtFine of one city, with the instance ids of cars and persons, nearer ones
// over farther ones. The annotations in COCO's format are not written: CityscapesDataset makes them, as of a real download.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { foreground, polygonsToRle } from '../../masks';
import { CITYSCAPES_LABELS } from '../../masks/cityscapes-labels';
import { type LabelMap, labelMapPng } from '../../masks/label-map';
import { sceneWithObjects, type ToytownOptions, toytownSplits, writeAtomically } from './generate';
import type { Scene } from './scene';

/**
 * Renders the images and maps, unless they are there; returns the root, which holds leftImg8bit and gtFine.
 * @example const root = await generateToytownCityscapes({ images: 24, width: 160, height: 120 });
 */
export async function generateToytownCityscapes(options: ToytownOptions = {}): Promise<string> {
  const { dir, width, height, seed, total, splits } = toytownSplits(options, 'toytown-cityscapes');
  let done = 0;
  for (const { split, first, count } of splits)
    for (let i = first; i < first + count; i++) {
      if (options.signal?.aborted)
        throw new DetLabError('Generating toytown was interrupted; the next call resumes it');
      const base = `toytown_${String(i).padStart(6, '0')}_000019`;
      const [image, truth] = [
        path.join(dir, 'leftImg8bit', split, 'toytown', `${base}_leftImg8bit.png`),
        path.join(dir, 'gtFine', split, 'toytown', `${base}_gtFine_instanceIds.png`),
      ];
      // the map is written last: if it is there, so is the image
      if (!existsSync(truth)) {
        const scene = sceneWithObjects(width, height, seed, i);
        for (const file of [image, truth]) await mkdir(path.dirname(file), { recursive: true });
        await writeAtomically(image, await scene.draw().encode('png'));
        await writeAtomically(truth, labelMapPng(instanceIds(scene, width, height)));
      }
      options.onProgress?.(++done, total);
    }
  return dir;
}

const ROAD = CITYSCAPES_LABELS.find(({ name }) => name === 'road')!.id;

/** Farther objects first, so that nearer ones cover them; what has no class here is road. */
function instanceIds({ truths }: Scene, width: number, height: number): LabelMap {
  const data = new Uint16Array(width * height).fill(ROAD);
  const counts = new Map<number, number>();
  for (const { class: name, segmentation } of [...truths].reverse()) {
    const label = CITYSCAPES_LABELS.find((one) => one.name === name)!;
    const number = counts.get(label.id) ?? 0;
    counts.set(label.id, number + 1);
    const id = label.isEvaluated ? 1000 * label.id + number : label.id;
    for (const [from, to] of foreground(polygonsToRle(segmentation, height, width)))
      for (let i = from; i < to; i++) data[(i % height) * width + Math.floor(i / height)] = id;
  }
  return { width, height, data };
}
