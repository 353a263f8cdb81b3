// Several data sets as one: classes of one name are one class, an image gets a new id where an earlier one has its.

import { DetLabError } from '../errors';
import type { Dataset, ImageRecord } from './types';

/**
 * @param classes in label order; default: those of all, in order of appearance
 * @throws DetLabError for no data set
 * @example mergeDatasets([voc2007, voc2012], 'voc0712').records.length
 */
export function mergeDatasets(datasets: readonly Dataset[], name: string, classes = classesOfAll(datasets)): Dataset {
  if (datasets.length === 0) throw new DetLabError(`Cannot merge "${name}": expected at least one data set`);
  const records = withDistinctIds(
    withWeights(datasets).flatMap((dataset) => {
      const labels = dataset.classes.map((className) => classes.indexOf(className));
      if (labels.every((label, i) => label === i)) return dataset.records;
      return dataset.records.map(
        (record): ImageRecord => ({
          ...record,
          truths: { ...record.truths, labels: record.truths.labels.map((label) => labels[label]) },
          ...(record.panoptic && {
            panoptic: { ...record.panoptic, labels: record.panoptic.labels.map((label) => labels[label]) },
          }),
        }),
      );
    }),
  );
  return {
    name,
    classes: [...classes],
    records,
    problems: datasets.flatMap(({ problems }) => problems),
    notices: [...new Set([...datasets.flatMap(({ notices = [] }) => notices), ...repeated(records)])],
    otherClasses: datasets.reduce((sum, { otherClasses = 0 }) => sum + otherClasses, 0),
  };
}

export const classesOfAll = (datasets: readonly Dataset[]): string[] => [
  ...new Set(datasets.flatMap(({ classes }) => classes)),
];

/** Where one of them has weights of its boxes, the boxes of the others weigh 1. */
function withWeights(datasets: readonly Dataset[]): readonly Dataset[] {
  if (!datasets.some(({ records }) => records.some(({ truths }) => truths.weights))) return datasets;
  const weighed = (record: ImageRecord): ImageRecord => {
    const { truths } = record;
    return truths.weights
      ? record
      : { ...record, truths: { ...truths, weights: new Float32Array(truths.labels.length).fill(1) } };
  };
  return datasets.map((dataset) => ({ ...dataset, records: dataset.records.map(weighed) }));
}

/** A sentence on image files that are in several data sets. */
function repeated(records: readonly ImageRecord[]): string[] {
  const paths = new Set<string>();
  const twice = records.filter(({ path }) => paths.size === paths.add(path).size);
  if (twice.length === 0) return [];
  return [
    `${twice.length} ${twice.length === 1 ? 'image is' : 'images are'} in several of the data sets, such as "${twice[0].path}"`,
  ];
}

/** The records, those whose id an earlier one has with the next free one: an evaluation knows images by their ids. */
function withDistinctIds(records: ImageRecord[]): ImageRecord[] {
  const used = new Set<number>();
  let free = records.reduce((highest, { id }) => Math.max(highest, id), 0) + 1;
  return records.map((record) => {
    const id = used.has(record.id) ? free++ : record.id;
    used.add(id);
    return id === record.id ? record : { ...record, id };
  });
}
