// The commands that train: train, dist-train, and what is tried before and around a run.

import { type Command, Option } from 'commander';
import { LAUNCHERS } from '../lab/ranks/launched-rank';
import { crossValidateCommand } from './cross-validate';
import { DATA_HELP } from './data-option';
import { distTrainCommand } from './dist-train';
import { findLrCommand } from './find-lr';
import { addFitOptions } from './fit-options';
import { count, fileOf, oneOf, positive, seed, share } from './option-values';
import { pseudoLabelCommand } from './pseudo-label';
import { RepeatableOption } from './repeatable-option';
import { searchCommand } from './search';
import { trainCommand } from './train';

type Done = (code: number) => void;
type AddCommand = (usage: string, description: string) => Command;

const TABLE_FILES = ['html', 'csv', 'json', 'txt'] as const;

/** @param withConfig adds a command with --cfg-options too */
export function addTrainingCommands(withConfig: AddCommand, command: AddCommand, done: Done): void {
  addTrainCommand(withConfig, done);
  addDistTrainCommand(command, done);
  addFindLrCommand(withConfig, done);
  addCrossValidateCommand(withConfig, done);
  addSearchCommand(withConfig, done);
  addPseudoLabelCommand(withConfig, done);
}

function addTrainCommand(withConfig: AddCommand, done: Done): void {
  addFitOptions(withConfig('train', 'Train a detector'), 'runs/<config>')
    .option(
      '--resume',
      'resume from the latest checkpoint in the work dir: weights, optimizer, epoch; other options hold from there',
    )
    .option('--checkpoint-every <n>', 'iterations between checkpoints, in addition to one per epoch', count)
    .option(
      '--fine-tune',
      'in stages: the heads alone, then the neck, then the backbone from its top, at falling rates',
    )
    .option(
      '--launcher <launcher>',
      'who started this process, as one of several that train together: none, pytorch (torchrun) or slurm',
      oneOf(...LAUNCHERS),
      'none',
    )
    .addOption(
      new Option('--local-rank, --local_rank <n>', 'of torch.distributed.launch: LOCAL_RANK says it').hideHelp(),
    )
    .action(async (config, options) => done(await trainCommand(config, options)));
}

/** What starts several of them. */
function addDistTrainCommand(command: AddCommand, done: Done): void {
  command('dist-train', 'Train in several processes of this machine: torchrun starts `detlab train` as often')
    .argument('<config>', 'name or path of a config')
    .argument('<processes>', 'number of processes', count)
    .argument('[options...]', 'options of `detlab train`')
    .option('--port <port>', 'port of --master-addr at which machines meet; on one machine none is opened', count)
    .option('--nnodes <n>', 'number of machines (1): the same command runs on each', count)
    .option('--node-rank <n>', 'number of this machine, from 0', seed)
    .option('--master-addr <address>', 'address of machine 0')
    .allowUnknownOption()
    .action(async (config, processes, rest, options) =>
      done(await distTrainCommand(config, processes, options.json ? [...rest, '--json'] : rest, options)),
    );
}

function addFindLrCommand(withConfig: AddCommand, done: Done): void {
  withConfig('find-lr', 'Find a learning rate: it rises from step to step until the loss diverges')
    .argument('<config>', 'name or path of a config')
    .option('--data <data>', DATA_HELP)
    .option('--load-from <file>', 'weights to start from: a file, its address, or a name (torchvision://resnet50)')
    .option('--from <rate>', 'first rate (1e-6)', positive)
    .option('--to <rate>', 'last rate, unless the loss diverges before (1)', positive)
    .option('--steps <n>', 'steps from one to the other (100)', count)
    .option('--batch <n>', 'batch size', count)
    .option('--amp', 'mixed precision (bfloat16)')
    .option('--seed <n>', 'random seed (0)', seed)
    .option(
      '--save <file>',
      'write the chart (.png, .svg, .html) or its numbers (.csv, .json, .txt)',
      fileOf('png', 'svg', ...TABLE_FILES),
    )
    .action(async (config, options) => done(await findLrCommand(config, options)));
}

function addCrossValidateCommand(withConfig: AddCommand, done: Done): void {
  const command = withConfig(
    'cross-validate',
    'Train once for each fold of the training images: mean and deviation of AP',
  );
  addFitOptions(command, 'runs/cross-validate')
    .option('--folds <n>', 'number of folds (5)', count)
    .option('--stratified', 'each fold has its share of the images of every class (default)')
    .option('--no-stratified', 'folds at random')
    .option(
      '--groups <what>',
      'what stays in one fold: a field of the images in the annotation file, or a pattern of their paths, /scene(\\d+)/',
    )
    .option('--save <file>', 'write the table: .html, .csv, .json, .txt', fileOf(...TABLE_FILES))
    .action(async (config, options) => done(await crossValidateCommand(config, options)));
}

function addSearchCommand(withConfig: AddCommand, done: Done): void {
  addFitOptions(withConfig('search', 'Train with different options and show which are best'), 'runs/search')
    .addOption(
      new RepeatableOption(
        '--space <name=values>',
        'option of the training, neck, backbone or path of the config, with its values: lr=0.01,0.02 neck=FPN,PAFPN, or a range, ' +
          'lr=1e-4..0.1:log or model.backbone.frozen_stages=0..3:int; repeatable',
      ),
    )
    .option(
      '--strategy <strategy>',
      'all combinations, random ones, or random ones of which the best train on: grid, random, halving (grid)',
      oneOf('grid', 'random', 'halving'),
    )
    .option('--budget <n>', 'number of trials (16; of a grid all)', count)
    .option('--factor <n>', 'with halving: one of so many goes on (3)', count)
    .option('--metric <name>', 'metric that decides (AP)')
    .option('--save <file>', 'write the table: .html, .csv, .json, .txt', fileOf(...TABLE_FILES))
    .action(async (config, options) => done(await searchCommand(config, options)));
}

function addPseudoLabelCommand(withConfig: AddCommand, done: Done): void {
  withConfig('pseudo-label', 'Label images by a trained detector, to review them and to train on them')
    .usage('[options] [config] <weights> [images...]')
    .argument(
      '<arguments...>',
      'the config, which is left out where the weights file holds it; the weights file or its address, checkpoint folder or work ' +
        'dir; and images, unless --data is given: files, folders, patterns in quotes',
    )
    .option('--data <data>', `the images of a dataset, whose labels are not read: ${DATA_HELP.split(';')[0]}`)
    .addOption(
      new RepeatableOption(
        '--threshold <score>',
        'score from which a detection is a label, of all classes (0.7) or of one: car=0.6; repeatable',
      ),
    )
    .option('--ignore <score>', 'detections from this score up to the threshold are ignored in training', share)
    .option('--batch <n>', 'images that go through the network together (1)', count)
    .option('--amp', 'mixed precision (bfloat16)')
    .option('--review <file>', 'what a person has made of the .json of --save: missing boxes are rejected')
    .addOption(
      new RepeatableOption(
        '--save <file>',
        'write boxes, scores and decisions: .json to review, .csv, .html, .png, .txt; repeatable',
      ),
    )
    .option('--labels <folder>', 'write the accepted labels and their images as a COCO dataset to train on')
    .action(async (given, options) => done(await pseudoLabelCommand(given, options)));
}
