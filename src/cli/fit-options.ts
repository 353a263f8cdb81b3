// The options that all commands share which train: those of `fit`.

import type { Command } from 'commander';
import type { ClassWeights } from '../lab/class-weights';
import type { FitOptions } from '../lab/fit-options';
import { DATA_HELP } from './data-option';
import { batchSize, classWeights, count, positiveShare, rate, seed } from './option-values';

export interface FitArguments {
  data?: string;
  workDir?: string;
  loadFrom?: string;
  amp?: boolean;
  seed?: number;
  epochs?: number;
  lr?: number;
  autoScaleLr?: boolean;
  batch?: number | 'auto';
  patience?: number;
  valLoss?: boolean;
  classWeights?: ClassWeights;
  repeatFactors?: number | true;
  cfgOptions?: string[];
  json?: boolean;
}

/** @param workDir where runs go by default, in the help */
export function addFitOptions(command: Command, workDir: string): Command {
  return command
    .argument('<config>', 'name or path of a config')
    .option('--data <data>', DATA_HELP)
    .option('--unlabelled <images>', 'a folder, pattern or file: images without labels, for SoftTeacher')
    .option('--work-dir <folder>', `folder for log and checkpoints (${workDir})`)
    .option('--load-from <file>', 'initial weights: a file, its address, or a name (torchvision://resnet50)')
    .option('--amp', 'mixed precision (bfloat16)')
    .option('--seed <n>', 'random seed, for reproducible runs (0)', seed)
    .option(
      '--epochs <n>',
      'number of epochs; the schedule is scaled to it (not with an IterBasedTrainLoop: set train_cfg.max_iters)',
      count,
    )
    .option('--lr <rate>', 'learning rate', rate)
    .option('--auto-scale-lr', 'scale the learning rate from auto_scale_lr.base_batch_size to the batch size')
    .option('--batch <n>', 'batch size, or auto: the largest for which there is memory', batchSize)
    .option(
      '--class-weights <weights>',
      "factors on the classification loss: balanced or sqrt (by the classes' objects), car=2,person=0.5, or 2,0.5,1 by label",
      classWeights,
    )
    .option(
      '--repeat-factors [share]',
      'show images of rare classes more often: those in less than this share of the images (0.001)',
      positiveShare,
    )
    .option(
      '--patience <n>',
      'end the run when so many evaluations in a row have not improved AP by 0.001, and leave the best weights in the model',
      count,
    )
    .option('--val-loss', 'also compute the losses on the validation images at each evaluation');
}

/** The options of `fit`. */
export function fitOptions(given: FitArguments): FitOptions {
  const { repeatFactors } = given;
  return {
    epochs: given.epochs,
    lr: given.lr,
    scaleLr: given.autoScaleLr,
    batch: given.batch,
    amp: given.amp,
    seed: given.seed,
    workDir: given.workDir,
    loadFrom: given.loadFrom,
    patience: given.patience,
    valLoss: given.valLoss,
    classWeights: given.classWeights,
    repeatFactors: typeof repeatFactors === 'number' ? { threshold: repeatFactors } : repeatFactors,
  };
}
