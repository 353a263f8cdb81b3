// Images without labels beside a data set, from which semi-supervised detectors learn too (SoftTeacher): `data.withUnlabelled(images)`.
// `model.pseudoLabel(images)` is the other way to use them: once, by a trained model, with a look at its labels before they are learned.

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ConfigObject } from '../config';
import { BadData, type DataProblem, type Dataset, type ImageRecord, imageSize, joinDatasets } from '../data';
import { meantFile } from '../data/loading/meant-file';
import { filesOfFolder, filesOfPattern, isPattern } from '../data/sources/image-files';
import { DetLabError, nameOfValue } from '../errors';
import { counted } from '../visualization/ap-table';
import { valueAt } from './config-access';
import { learnsWithoutLabels } from './multi-source-data';

/** A folder, a pattern, a file, or several of them; or a data set, whose labels are not used. */
export type UnlabelledImages = string | readonly string[] | { readonly train: Dataset };

/** Image files whose sizes are read at a time. */
const AT_A_TIME = 64;

/** @throws DetLabError where there are no images, naming what is not there */
export async function unlabelledImages(from: UnlabelledImages, { classes }: Dataset): Promise<Dataset> {
  if (typeof from === 'object' && 'train' in from) return withoutLabels(from.train, classes);
  const given = [from].flat();
  const wrong = given.find((one) => typeof one !== 'string' || one === '');
  if (given.length === 0 || wrong !== undefined)
    throw new DetLabError(
      `Cannot use images without labels: expected a folder, a pattern, files or a data set, received ${nameOfValue(wrong ?? from)}`,
    );
  const files = [...new Set(given.flatMap(filesOf))];
  const records: ImageRecord[] = [];
  const problems: DataProblem[] = [];
  for (let at = 0; at < files.length; at += AT_A_TIME)
    for (const read of await Promise.all(files.slice(at, at + AT_A_TIME).map(sizeOf))) {
      if ('problem' in read) problems.push(read.problem);
      else records.push(unlabelled({ ...read, id: records.length + 1 }));
    }
  if (records.length === 0)
    throw new DetLabError(
      `Cannot use images without labels: none of the ${counted(files.length, 'file')} of ${given.join(', ')} can be read` +
        (problems.length > 0 ? `. ${problems[0].message}` : ''),
    );
  return { name: `${counted(records.length, 'image')} without labels`, classes: [...classes], records, problems };
}

function filesOf(given: string): string[] {
  const { images } = isPattern(given)
    ? filesOfPattern(given)
    : !existsSync(given)
      ? { images: [] }
      : statSync(given).isDirectory()
        ? filesOfFolder(given)
        : { images: [given] };
  if (images.length > 0) return images.map((file) => path.resolve(file));
  throw new DetLabError(
    existsSync(given)
      ? `Cannot use the images of "${given}": it has none, neither .jpg nor .png nor another kind that is read`
      : `Cannot use the images of "${given}": there is no such folder or file, and no image matches it.${meantFile(given)}`,
  );
}

type Size = Pick<ImageRecord, 'path' | 'width' | 'height'>;

async function sizeOf(file: string): Promise<Size | { problem: DataProblem }> {
  try {
    return { path: file, ...(await imageSize(file)) };
  } catch (error) {
    if (error instanceof BadData) return { problem: error.problem };
    throw error;
  }
}

const unlabelled = (image: Size & Pick<ImageRecord, 'id'>): ImageRecord => ({
  ...image,
  truths: { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) },
  areas: new Float32Array(0),
  annotationIds: [],
});

/** The images of a data set as those of others, without what is known of them. */
export const withoutLabels = ({ name, records, problems }: Dataset, classes: readonly string[]): Dataset => ({
  name,
  classes: [...classes],
  problems: problems.filter(({ lost, kind }) => lost === 'image' || kind.endsWith('-image')),
  records: records.map(({ id, path: file, width, height }) => unlabelled({ id, path: file, width, height })),
});

interface TrainingImages {
  readonly train: Dataset;
  readonly unlabelled?: Dataset;
}

/** What a run of a config trains on: the images with labels, joined by those without where it learns from them. */
export const trainedImages = ({ train, unlabelled: others }: TrainingImages, config: ConfigObject): Dataset =>
  others && learnsWithoutLabels(config) ? joinDatasets([train, others]) : train;

/** Lines for the log on images without labels: how they are used, or that they are not. */
export function unlabelledLines({ unlabelled: others }: TrainingImages, config: ConfigObject): string[] {
  if (!others) return [];
  const count = `${counted(others.records.length, 'image')} without labels`;
  if (learnsWithoutLabels(config)) return [`${count}: learned by what the teacher finds in them`];
  return [`${count} not used: ${valueAt(config, 'model.type')} learns from labels alone`];
}
