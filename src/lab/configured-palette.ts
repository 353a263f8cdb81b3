// The colours that a config gives the classes of a model: the palette of its training data's metainfo.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { changeInnermost, metainfoOption, namesOf, paletteOf } from '../data';
import { DetLabError } from '../errors';
import { objectAt } from './config-access';

/**
 * @returns undefined when there is none, or when it is of other classes than the model's
 * @throws DetLabError when it is no palette
 */
export function configuredPalette(config: ConfigObject, classes: readonly string[]): string[] | undefined {
  const path = 'train_dataloader.dataset';
  const dataset = objectAt(config, path);
  let palette: string[] | undefined;
  if (typeof dataset.type !== 'string') return palette;
  changeInnermost(dataset as ModuleConfig, (inner) => {
    const { success, data: metainfo, error } = metainfoOption.safeParse(inner.metainfo);
    if (!success) throw new DetLabError(`Cannot use ${path}.metainfo: ${error.issues[0].message}`);
    const names = namesOf(metainfo) ?? classes;
    if (names.join('\n') === classes.join('\n')) palette ??= paletteOf(metainfo, classes, path);
    return inner;
  });
  return palette;
}
