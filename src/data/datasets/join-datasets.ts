// Datasets of the same classes as one.

import { DetLabError } from '../../errors';
import { mergeDatasets } from '../merge-datasets';
import type { Dataset } from '../types';

/** @throws DetLabError where their classes differ */
export function joinDatasets(parts: readonly Dataset[]): Dataset {
  const [first, ...others] = parts;
  for (const { name, classes } of others)
    if (classes.join('\n') !== first.classes.join('\n'))
      throw new DetLabError(
        `Cannot concatenate "${first.name}" and "${name}": their classes differ (${first.classes.join(', ')}; ` +
          `${classes.join(', ')}). Give both the same metainfo.classes`,
      );
  const name = parts.map((part) => part.name).join(' + ');
  return { ...mergeDatasets(parts, name, first.classes), ...(first.palette && { palette: first.palette }) };
}
