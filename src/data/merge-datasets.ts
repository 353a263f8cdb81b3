// Several data sets as one: classes of one name are one class, images get new ids where two have the same.

import { DetLabError } from '../errors';
import type { Dataset, ImageRecord } from './types';

/**
 * @param classes in label order; default: those of all, in order of appearance
 * @throws DetLabError for no data set
 * @example mergeDatasets([voc2007, voc2012], 'voc0712').records.length
 */
export function mergeDatasets(datasets: readonly Dataset[], name: string, classes = classesOfAll(datasets)): Dataset {
  if (datasets.length === 0) throw new DetLabError(`Cannot merge "${name}": expected at least one data set`);
  const distinct = new Set(datasets.flatMap(({ records }) => records.map(({ id }) => id)));
  const all = datasets.reduce((sum, { records }) => sum + records.length, 0);
  let next = 1;
  const records = datasets.flatMap((dataset) => {
    const labels = dataset.classes.map((name) => classes.indexOf(name));
    return dataset.records.map(
      (record): ImageRecord => ({
        ...record,
        id: distinct.size === all ? record.id : next++,
        truths: { ...record.truths, labels: record.truths.labels.map((label) => labels[label]) },
      }),
    );
  });
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

/** A sentence on image files that are in several data sets. */
function repeated(records: readonly ImageRecord[]): string[] {
  const paths = new Set<string>();
  const twice = records.filter(({ path }) => paths.size === paths.add(path).size);
  if (twice.length === 0) return [];
  return [
    `${twice.length} ${twice.length === 1 ? 'image is' : 'images are'} in several of the data sets, such as "${twice[0].path}"`,
  ];
}
