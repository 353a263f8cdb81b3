// What `fit` does before it plans a run: options that change the recipe or are found by trying become settings, each with a line in
// the log.

import type { RecipeSpec } from './build-model';
import { withClassWeights } from './class-weights';
import { objectAt } from './config-access';
import { withSkeleton } from './configured-skeleton';
import type { FitOptions, PreparedOptions } from './fit-options';
import { setImageSize } from './image-size/set-image-size';
import type { LabDataset } from './lab-dataset';
import { largestBatch } from './largest-batch';
import { withRepeatFactors } from './repeat-factors';

/** @throws DetLabError for options that the recipe or the data have no use for */
export async function prepareFit(
  given: RecipeSpec,
  data: LabDataset,
  { batch, classWeights, imageSize, repeatFactors, ...options }: FitOptions,
): Promise<{ spec: RecipeSpec; options: PreparedOptions }> {
  const lines: string[] = [];
  let { config } = given;
  const change = (changed: { config: typeof config; line: string }) => {
    config = changed.config;
    lines.push(changed.line);
  };
  if (imageSize !== undefined) change(setImageSize(config, imageSize, given.name));
  if (classWeights !== undefined) change(withClassWeights(config, data.train, classWeights));
  if (repeatFactors !== undefined && repeatFactors !== false)
    change(withRepeatFactors(config, data.train, repeatFactors));
  config = withSkeleton(config, data.train.skeleton);
  const spec = { ...given, config, changes: [...(given.changes ?? []), ...lines] };
  if (batch !== 'auto') return { spec, options: { ...options, ...(batch !== undefined && { batch }) } };
  const found = await largestBatch(spec, data, options);
  const { base_batch_size: base } = objectAt(config, 'auto_scale_lr');
  // the rate of the config belongs to its batch size
  const scales = options.lr === undefined && options.scaleLr === undefined && typeof base === 'number';
  const rate =
    options.lr === undefined && typeof base !== 'number'
      ? ['the learning rate does not follow the batch: the config has no auto_scale_lr.base_batch_size']
      : [];
  return {
    spec: { ...spec, changes: [...spec.changes, found.line, ...rate] },
    options: { ...options, batch: found.batch, ...(scales && { scaleLr: true }) },
  };
}
