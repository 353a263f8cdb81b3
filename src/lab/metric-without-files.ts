// A metric's config for another evaluation than the one whose files it is to write: of corrupted images, of a part of the data.

import type { ModuleConfig } from '../catalogue/registry';

/** Options by which metrics write files. */
const WRITING = ['outfile_prefix', 'format_only', 'dump_matches'];

/** The same numbers, and no files. */
export const metricWithoutFiles = (config: ModuleConfig): ModuleConfig => ({
  ...Object.fromEntries(Object.entries(config).filter(([key]) => !WRITING.includes(key))),
  type: config.type,
});
