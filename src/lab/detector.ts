// `detector('faster-rcnn_r50_fpn_1x_coco')`: creates a recipe.

import path from 'node:path';
import { type ConfigName, type ConfigObject, type ConfigValue, parseOptionArguments } from '../config';
import { loadTranslated, translated } from './legacy-config';
import { checkMethod } from './method-options';
import { Recipe } from './recipe';

/**
 * A recipe from the name or path (.ts, .py, .json) of a config, or from a config object. A config of MMDetection 1.x or 2.x
 * is translated, with a notice.
 *
 * @example const nas = detector('faster-rcnn_r50_fpn_1x_coco').neck({ type: 'PAFPN' });
 * @throws DetLabError with the nearest name when there is no such config
 */
export function detector(
  config: ConfigName | object,
  options: { options?: Record<string, ConfigValue> | readonly string[] } = {},
): Recipe {
  checkMethod('detector', options);
  if (typeof config !== 'string') {
    const recipe = new Recipe({
      name: 'detector',
      config: translated(config as ConfigObject, printNotice),
      freezing: [],
    });
    const { options: given = {} } = options;
    return recipe.set(Array.isArray(given) ? parseOptionArguments(given) : (given as Record<string, ConfigValue>));
  }
  const loaded = loadTranslated(config, options.options, printNotice);
  return new Recipe({
    name: loaded.name,
    config: loaded.config,
    folders: loaded.files.map((file) => path.dirname(file)),
    notices: loaded.notices,
    freezing: [],
  });
}

const printNotice = (line: string): void => console.error(line);
