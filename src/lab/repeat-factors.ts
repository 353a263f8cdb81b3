// `fit(data, { repeatFactors: true })`: images of rare classes are shown more often, by wrapping the training dataset of the config in
// mmengine's ClassBalancedDataset.

import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, cloneConfig } from '../config';
import { type Dataset, imageFrequencies, planDataset, repeatCounts } from '../data';
import { DetLabError } from '../errors';
import { objectAt } from './config-access';

/** Which classes are rare. */
export interface RepeatFactors {
  /** Share of the images below which a class is rare: its images are shown sqrt(threshold / share) times, rounded up. */
  threshold: number;
}

/** LVIS's. */
const THRESHOLD = 0.001;
const PATH = 'train_dataloader.dataset';

/**
 * The config with these factors, and a line about their effect.
 * @throws DetLabError for a config that balances its classes already
 */
export function withRepeatFactors(
  config: ConfigObject,
  data: Dataset,
  given: true | RepeatFactors,
): { config: ConfigObject; line: string } {
  const { threshold } = given === true ? { threshold: THRESHOLD } : given;
  const before = objectAt(config, PATH) as ModuleConfig;
  if (JSON.stringify(before).includes('ClassBalancedDataset'))
    throw new DetLabError(
      `Cannot use repeatFactors: ${PATH} is balanced already, by a ClassBalancedDataset. Set its oversample_thr`,
    );
  const changed = cloneConfig(config);
  (changed.train_dataloader as ConfigObject).dataset = wrapped(before, threshold) as ConfigObject;
  return { config: changed, line: effect(planDataset(before, PATH).arrange([...data.records], []), data, threshold) };
}

/** What mixes images keeps its place outside, so that the others of a mosaic are drawn from the repeated images too. */
function wrapped(dataset: ModuleConfig, threshold: number): ModuleConfig {
  if (/\bMultiImageMixDataset$/.test(dataset.type))
    return { ...dataset, dataset: wrapped(dataset.dataset as ModuleConfig, threshold) };
  return { type: 'ClassBalancedDataset', oversample_thr: threshold, dataset };
}

function effect(records: Dataset['records'], { name, classes }: Dataset, threshold: number): string {
  const images = records.map(({ truths }) => new Set(truths.labels));
  const counts = repeatCounts(images, threshold);
  const shown = counts.reduce((sum, n) => sum + n, 0);
  const frequencies = [...imageFrequencies(images)].sort(([, a], [, b]) => a - b);
  const percent = (share: number) => `${(100 * share).toPrecision(3)}%`;
  if (shown === images.length) {
    const [label, share] = frequencies[0] ?? [-1, 1];
    return (
      `repeat factors change nothing: every class of "${name}" is in at least ${percent(threshold)} of the images` +
      `${label < 0 ? '' : `, the rarest, "${classes[label]}", in ${percent(share)}. Use repeatFactors: { threshold } above that`}`
    );
  }
  const rare = frequencies
    .filter(([, share]) => share < threshold)
    .map(([label, share]) => `"${classes[label]}" (in ${percent(share)}) ${Math.sqrt(threshold / share).toFixed(2)}`);
  const more = rare.length > 8 ? ', ...' : '';
  return `repeat factors: ${shown} images per epoch instead of ${images.length}; ${rare.slice(0, 8).join(', ')}${more}`;
}
