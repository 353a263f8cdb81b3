// `data.kFold(5)`: the training images in folds, each the validation images of one dataset and training images of the others.

import path from 'node:path';
import { iterativeStratification, type StratifiedItem } from '../analysis/iterative-stratification';
import type { Dataset, ImageRecord } from '../data';
import { DetLabError, nameOfValue } from '../errors';
import { Random } from '../random';

/** How images are dealt out to folds. */
export interface KFoldOptions {
  /** Whether each fold has its share of the images of every class (iterative stratification). Default true. */
  stratified?: boolean;
  /** Seed of the random numbers. Default 0. */
  seed?: number;
  /**
   * What must stay together (the images of a scene, a patient, a video): a pattern whose first group, or whole match, in the file's
   * path names it, or a function of an image. An image that the pattern does not match is a group of its own.
   * @example data.kFold(5, { groups: /scene(\d+)/ })
   */
  groups?: RegExp | ((image: ImageRecord) => string | number);
}

/** @throws DetLabError for a number of folds that there cannot be */
export function kFold(
  data: Dataset,
  folds: number,
  { stratified = true, seed = 0, groups }: KFoldOptions = {},
): { train: Dataset; val: Dataset }[] {
  const { records } = data;
  const members = groups === undefined ? records.map((_, i) => [i]) : groupsOf(records, groups);
  const what = groups === undefined ? 'images' : 'groups';
  if (!Number.isInteger(folds) || folds < 2 || folds > members.length)
    throw new DetLabError(
      `Cannot split "${data.name}" into ${nameOfValue(folds)} folds: expected a number from 2 to ${members.length}, ` +
        `its number of ${what}`,
    );
  const random = Random.seeded(seed);
  const items = members.map((images) =>
    itemOf(
      images.map((i) => records[i]),
      stratified,
    ),
  );
  // groups of many images first, so that small ones can even out what is left
  const order = [...random.permutation(items.length)].sort((a, b) => items[b].weight - items[a].weight);
  const foldOf = iterativeStratification(items, new Array<number>(folds).fill(1 / folds), random, order);
  const places = new Int32Array(records.length);
  for (const [g, images] of members.entries()) for (const i of images) places[i] = foldOf[g];
  const subset = (name: string, includes: (i: number) => boolean): Dataset => ({
    ...data,
    name: `${data.name} ${name}`,
    records: records.filter((_, i) => includes(i)),
  });
  return Array.from({ length: folds }, (_, fold) => ({
    train: subset(`without fold ${fold + 1}`, (i) => places[i] !== fold),
    val: subset(`fold ${fold + 1}`, (i) => places[i] === fold),
  }));
}

function itemOf(records: readonly ImageRecord[], stratified: boolean): StratifiedItem {
  const counts = new Map<number, number>();
  if (stratified)
    for (const { truths } of records)
      for (const label of new Set(truths.labels.filter((_, k) => truths.ignored[k] !== 1)))
        counts.set(label, (counts.get(label) ?? 0) + 1);
  return { weight: records.length, counts };
}

/** Indices of the images of each group, in the order of their first image. */
function groupsOf(records: readonly ImageRecord[], groups: NonNullable<KFoldOptions['groups']>): number[][] {
  const byName = new Map<string, number[]>();
  for (const [i, record] of records.entries()) {
    const name = typeof groups === 'function' ? groups(record) : matched(record.path, groups);
    if (name !== undefined && typeof name !== 'string' && typeof name !== 'number')
      throw new DetLabError(
        `Cannot split by groups: expected the name of a group of "${record.path}", received ${nameOfValue(name)}`,
      );
    const key = name === undefined ? `\0${i}` : String(name);
    byName.set(key, [...(byName.get(key) ?? []), i]);
  }
  return [...byName.values()];
}

function matched(file: string, pattern: RegExp): string | undefined {
  const found = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(file.replaceAll(path.sep, '/'));
  return found ? (found[1] ?? found[0]) : undefined;
}
