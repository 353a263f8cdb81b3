// A shipped config for images a few times smaller: the sizes of its transforms divided.

import { detector, type Recipe } from '../../src';
import type { ConfigObject, ConfigValue } from '../../src/config';

const SIZES = new Set(['scale', 'img_scale', 'crop_size', 'size', 'border', 'random_size_range']);

/** The config with the sizes of its transforms divided. */
function smaller(value: ConfigValue, by: number, sized = false): ConfigValue {
  if (sized && typeof value === 'number') return Math.round(value / by);
  if (Array.isArray(value)) return value.map((v) => smaller(v, by, sized));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, smaller(v, by, SIZES.has(key))]));
}

/** @param by what sizes are divided by */
export const shrunk = (name: string, by: number, classes: readonly string[]): Recipe => {
  const { config } = detector(name);
  const { model, ...rest } = config;
  const small = smaller(rest, by) as ConfigObject;
  const preprocessor = (model as ConfigObject).data_preprocessor as ConfigObject;
  const scaled = { ...(model as ConfigObject), data_preprocessor: smaller(preprocessor, by) };
  return detector({ ...small, model: scaled, train_dataloader: { ...(small.train_dataloader as ConfigObject) } })
    .named(name)
    .classes(classes)
    .set({ 'default_hooks.logger.interval': 1 });
};
