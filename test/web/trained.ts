// Narrow detectors of each family that were really trained, on a few scenes of Toytown, until they are sure of what is in them.

import { dirname, join } from 'node:path';
import { dataset, detector, type LabDataset, type Model } from '../../src';
import { type ConfigObject, type ConfigValue, mergeConfig } from '../../src/config';
import { narrowed } from './narrow';
import { TRAINED } from './trained-families';

/** Two scenes to learn by heart, and one. */
export const fewScenes = (dir: string): Promise<LabDataset> =>
  dataset.toytown({ images: 3, seed: 3, width: 160, height: 120, dir });

const byBoxes = { type: 'CocoMetric', metric: 'bbox' };

/** The config of the family, narrow, with what trains it on scenes as they come out of its test pipeline. */
export function trainedConfig(family: string, iterations: number): ConfigObject {
  const { config: name, model: changes = {}, lr = 0.003, fullSize, asShipped } = TRAINED[family];
  const { config } = detector(name);
  const { model: narrow, test_dataloader } = narrowed(config);
  const model = asShipped ? config.model : narrow;
  const { data_preprocessor: own } = model as ConfigObject;
  // the sizes of other images; a model around a detector has none
  const preprocessor = own && { data_preprocessor: { ...(own as ConfigObject), batch_augments: null } };
  const { batch_sampler: _sampler, collate_fn: _collate, ...loader } = config.train_dataloader as ConfigObject;
  const tests = (fullSize ? config.test_dataloader : test_dataloader) as ConfigObject;
  const tested = tests.dataset as ConfigObject;
  const steps = (tested.pipeline as ConfigValue[]).filter(
    (step) => !/^Load\w*Annotations$/.test(String((step as ConfigObject).type)),
  );
  const annotations = {
    type: 'LoadAnnotations',
    with_bbox: true,
    with_mask: /"(mask|panoptic)_head":|"(mmyolo\.)?\w*Ins\w*Head"/.test(JSON.stringify(model)),
  };
  return {
    ...config,
    model: { ...mergeConfig(changes, model as ConfigObject), ...preprocessor },
    test_dataloader: tests,
    train_dataloader: {
      ...loader,
      batch_size: 2,
      dataset: { ...tested, test_mode: false, pipeline: [steps[0], annotations, ...steps.slice(1)] },
    },
    optim_wrapper: {
      type: 'OptimWrapper',
      optimizer: { type: 'AdamW', lr, weight_decay: 0.0001 },
      clip_grad: { max_norm: 10 },
    },
    train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: iterations, val_interval: iterations },
    param_scheduler: [
      { type: 'LinearLR', start_factor: 0.05, by_epoch: false, begin: 0, end: 20 },
      { type: 'CosineAnnealingLR', T_max: iterations, by_epoch: true, convert_to_iter_based: true },
    ],
    // YOLOv5's and YOLOv8's own rises for the first thousand iterations
    default_hooks: { ...(config.default_hooks as ConfigObject), param_scheduler: { type: 'ParamSchedulerHook' } },
    custom_hooks: [],
    load_from: null,
    // Toytown has no panoptic maps
    ...(/Panoptic/.test(JSON.stringify(config.val_evaluator)) && { val_evaluator: byBoxes, test_evaluator: byBoxes }),
  };
}

/** The scenes with the classes that the family is trained on. */
async function scenesOf(family: string, data: LabDataset): Promise<LabDataset> {
  const { classes } = TRAINED[family];
  if (!classes) return data;
  const root = dirname(dirname(data.train.records[0].path));
  const split = (name: string) => ({ annFile: join(root, 'annotations', `${name}.json`), imgDir: join(root, name) });
  const { annFile, imgDir } = split('train');
  return dataset.coco(annFile, imgDir, { val: split('val'), classes: [...classes] });
}

/** Trains a narrow detector of the family on the scenes. */
export async function trainedModel(
  family: string,
  data: LabDataset,
  iterations = TRAINED[family].iterations ?? 250,
): Promise<Model> {
  const recipe = detector(trainedConfig(family, iterations)).named(`${family} <trained>`);
  const options = { seed: 1, workers: 0, workDir: false, log: () => {} } as const;
  const scenes = await scenesOf(family, data);
  const { model } = await recipe.classes(scenes.classes).fit(scenes, options);
  return model;
}
