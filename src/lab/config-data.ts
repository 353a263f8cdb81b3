// The datasets that a config specifies, for the command line: `train_dataloader.dataset`, `val_dataloader.dataset`.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { changeInnermost, type Dataset } from '../data';
import { DetLabError } from '../errors';
import { catalogue } from './catalogue';
import { objectAt } from './config-access';
import { LabDataset } from './lab-dataset';

async function part(config: ConfigObject, name: string, classes?: readonly string[]): Promise<Dataset | undefined> {
  const path = `${name}_dataloader.dataset`;
  const dataset = objectAt(config, path);
  if (typeof dataset.type !== 'string') return undefined;
  const whole = changeInnermost(dataset as ModuleConfig, ({ filter_cfg, ...options }) => {
    // training filters images itself
    const small = (filter_cfg as ConfigObject | null | undefined)?.bbox_min_size;
    const metainfo = { ...(options.metainfo as ConfigObject | undefined), ...(classes && { classes: [...classes] }) };
    return {
      ...options,
      metainfo,
      ...(small !== undefined && { filter_cfg: { bbox_min_size: small } }),
    } as ModuleConfig;
  });
  return catalogue.build('dataset', whole, { path }).load({ classes });
}

/** @throws DetLabError when the config has no training dataset, or its files are missing */
export async function configuredData(config: ConfigObject, name: string): Promise<LabDataset> {
  const train = await part(config, 'train');
  if (!train)
    throw new DetLabError('Cannot load the training data: the config has no train_dataloader.dataset. Use --data');
  return new LabDataset(name, train, await part(config, 'val', train.classes));
}

/** The config's test data: `test_dataloader.dataset`. */
export async function configuredTestData(config: ConfigObject, classes: readonly string[]): Promise<LabDataset> {
  const test = await part(config, 'test', classes);
  if (!test) throw new DetLabError('Cannot load the test data: the config has no test_dataloader.dataset. Use --data');
  return new LabDataset(test.name, test, undefined);
}
