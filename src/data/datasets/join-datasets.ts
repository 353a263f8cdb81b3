// Datasets of the same classes as one.

import { DetLabError } from '../../errors';
import type { Dataset, ImageRecord } from '../types';

/** @throws DetLabError where their classes differ */
export function joinDatasets(parts: readonly Dataset[]): Dataset {
  const [first, ...others] = parts;
  for (const { name, classes } of others)
    if (classes.join('\n') !== first.classes.join('\n'))
      throw new DetLabError(
        `Cannot concatenate "${first.name}" and "${name}": their classes differ (${first.classes.join(', ')}; ` +
          `${classes.join(', ')}). Give both the same metainfo.classes`,
      );
  return {
    name: parts.map(({ name }) => name).join(' + '),
    classes: first.classes,
    ...(first.palette && { palette: first.palette }),
    records: withDistinctIds(parts.flatMap(({ records }) => records)),
    problems: parts.flatMap(({ problems }) => problems),
    notices: parts.flatMap(({ notices = [] }) => notices),
    otherClasses: parts.reduce((sum, { otherClasses = 0 }) => sum + otherClasses, 0),
  };
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
