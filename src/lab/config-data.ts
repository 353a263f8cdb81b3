// The datasets that a config specifies, for the command line: `train_dataloader.dataset`, `val_dataloader.dataset`. Validation and
// test images have the classes of the model, unless it is a detector on text and they have a text of their own.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { changeInnermost, type Dataset, giveNames } from '../data';
import { DetLabError } from '../errors';
import { catalogue } from './catalogue';
import { objectAt, readsText } from './config-access';
import { LabDataset } from './lab-dataset';
import { learnsWithoutLabels } from './multi-source-data';
import { withoutLabels } from './unlabelled-images';

async function part(config: ConfigObject, name: string, classes?: readonly string[]): Promise<Dataset | undefined> {
  const path = `${name}_dataloader.dataset`;
  const dataset = objectAt(config, path);
  if (typeof dataset.type !== 'string') return undefined;
  // training filters images itself
  const whole = changeInnermost(dataset as ModuleConfig, ({ filter_cfg, ...options }) => {
    const small = (filter_cfg as ConfigObject | null | undefined)?.bbox_min_size;
    return { ...options, ...(small !== undefined && { filter_cfg: { bbox_min_size: small } }) } as ModuleConfig;
  });
  const own = catalogue.build('dataset', whole, { path });
  if (!classes) return own.load();
  if (own.readsText && readsText(objectAt(config, 'model'))) return withOwnNames(await own.load(), classes);
  const named = changeInnermost(whole, (options) => ({
    ...options,
    metainfo: { ...(options.metainfo as ConfigObject | undefined), classes: [...classes] },
  }));
  return catalogue.build('dataset', named, { path }).load({ classes });
}

/** Images without a text are asked for the model's classes, unless they are told those of their data set. */
function withOwnNames(dataset: Dataset, classes: readonly string[]): Dataset {
  if (dataset.classes.join('\n') !== classes.join('\n')) giveNames(dataset);
  return dataset;
}

/** @throws DetLabError when the config has no training dataset, or its files are missing */
export async function configuredData(config: ConfigObject, name: string): Promise<LabDataset> {
  const train = await part(config, 'train');
  if (!train)
    throw new DetLabError('Cannot load the training data: the config has no train_dataloader.dataset. Use --data');
  const val = await part(config, 'val', train.classes);
  const [labelled, others] = train.parts ?? [];
  // of a semi-supervised detector the second data set is one of images alone
  if (labelled && others && learnsWithoutLabels(config))
    return new LabDataset(name, labelled, val, withoutLabels(others, train.classes));
  return new LabDataset(name, train, val);
}

/** The config's test data: `test_dataloader.dataset`. */
export async function configuredTestData(config: ConfigObject, classes: readonly string[]): Promise<LabDataset> {
  const test = await part(config, 'test', classes);
  if (!test) throw new DetLabError('Cannot load the test data: the config has no test_dataloader.dataset. Use --data');
  return new LabDataset(test.name, test, undefined);
}
