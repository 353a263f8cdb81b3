// Datasets of the same classes as one.

import { DetLabError } from '../../errors';
import { mergeDatasets } from '../merge-datasets';
import type { Dataset } from '../types';
import { giveNames } from './give-names';

/** @throws DetLabError where their classes differ */
export function joinDatasets(parts: readonly Dataset[]): Dataset {
  const [first, ...others] = parts;
  if (parts.every(({ readsText }) => readsText)) return joinTexts(parts);
  for (const { name, classes } of others)
    if (classes.join('\n') !== first.classes.join('\n'))
      throw new DetLabError(
        `Cannot concatenate "${first.name}" and "${name}": their classes differ (${first.classes.join(', ')}; ` +
          `${classes.join(', ')}). Give both the same metainfo.classes`,
      );
  const name = parts.map((part) => part.name).join(' + ');
  return withParts(
    { ...mergeDatasets(parts, name, first.classes), ...(first.palette && { palette: first.palette }) },
    parts,
  );
}

/** Data sets on text: each image keeps its own labels, and the names of its own classes where it has no text. */
function joinTexts(parts: readonly Dataset[]): Dataset {
  const [{ classes }] = parts;
  if (parts.some((part) => part.classes.join('\n') !== classes.join('\n'))) for (const part of parts) giveNames(part);
  const name = parts.map((part) => part.name).join(' + ');
  const joined = mergeDatasets(
    parts.map((part) => ({ ...part, classes })),
    name,
    classes,
  );
  return { ...withParts(joined, parts), readsText: true };
}

/** The joined data set with each of its parts, whose records are its own. */
function withParts(joined: Dataset, parts: readonly Dataset[]): Dataset {
  let start = 0;
  const own = parts.map((part): Dataset => {
    const records = joined.records.slice(start, (start += part.records.length));
    return { ...part, records };
  });
  return { ...joined, parts: own };
}
