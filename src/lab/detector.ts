// `detector('faster-rcnn_r50_fpn_1x_coco')`: the start of every recipe.

import path from 'node:path';
import type { ConfigObject, ConfigValue } from '../config';
import { loadTranslated, translated } from './old-dialect';
import { Recipe } from './recipe';

/**
 * A recipe from a config's name, its path (.ts, .py, .json), or a config object; one written for MMDetection 1.x or 2.x is
 * translated, and a line says so.
 *
 * @example const nas = detector('faster-rcnn_r50_fpn_1x_coco').neck({ type: 'PAFPN' });
 * @throws DetLabError with the nearest name when there is no such config
 */
export function detector(
  config: string | object,
  options: { options?: Record<string, ConfigValue> | readonly string[] } = {},
): Recipe {
  if (typeof config !== 'string') {
    const recipe = new Recipe({ name: 'detector', config: translated(config as ConfigObject, say), freezing: [] });
    return Array.isArray(options.options) || !options.options
      ? recipe
      : recipe.set(options.options as Record<string, ConfigValue>);
  }
  const loaded = loadTranslated(config, options.options, say);
  return new Recipe({
    name: loaded.name,
    config: loaded.config,
    folders: loaded.files.map((file) => path.dirname(file)),
    freezing: [],
  });
}

const say = (line: string): void => console.error(line);
