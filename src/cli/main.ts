// The `detlab` command line.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { DetLabError } from '../errors';
import { FOLDER_CONTENTS } from '../lab/prediction/folder-contents';
import { packageRoot } from '../paths';
import { compareCommand } from './compare';
import { addConfigCommands } from './config/command';
import { configsCommand } from './configs';
import { convertCommand } from './convert';
import { DATA_HELP } from './data-option';
import { addDatasetCommands } from './dataset';
import { describeCommand, modulesCommand } from './describe';
import { doctorCommand, engineFindings } from './doctor';
import { errorsCommand } from './errors';
import { exportCommand } from './export';
import { addInferenceOptions } from './inference-options';
import { addKernelCommands } from './kernel/command';
import { necksCommand } from './necks';
import { count, fileOf, oneOf, positive, positiveShare, share } from './option-values';
import { CommandFailure, EXIT } from './outcome';
import { predictCommand } from './predict';
import { profileCommand } from './profile';
import { cfgOptions, everyAssignment, RepeatableOption } from './repeatable-option';
import { setupCommand } from './setup';
import { summaryCommand } from './summary';
import { testCommand } from './test';
import { addTrainingCommands } from './training-commands';

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage or config, 3 a problem with the data, 130 interrupted (Ctrl-C).
Progress goes to stderr, results to stdout; with --json the results are JSON lines.`;

/** What a command loads a model from. */
const CHECKPOINT = 'weights file or its address, checkpoint folder or work dir';

type Done = (code: number) => void;
/** Adds a command with the options that all have. */
type AddCommand = (usage: string, description: string) => Command;

/** Builds the command line; each action passes its exit code to `done`. */
function program(done: Done): Command {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'));
  const root = new Command('detlab')
    .description('An object-detection laboratory: train, test and use detectors by their MMDetection configs')
    .version(version)
    .addHelpText('after', EXIT_CODES);
  const commandOf = (parent: Command, usage: string, description: string) =>
    parent
      .command(usage)
      .description(description)
      .option('--json', 'results as JSON lines on stdout')
      .addHelpText('after', EXIT_CODES);
  const command: AddCommand = (usage, description) => commandOf(root, usage, description);
  const withConfig: AddCommand = (usage, description) => command(usage, description).addOption(cfgOptions());
  addTrainingCommands(withConfig, command, done);
  addInferenceCommands(withConfig, done);
  addExportCommand(withConfig, done);
  addModelCommands(withConfig, done);
  addCatalogueCommands(command, done);
  addDatasetCommands(root, commandOf, done);
  addConfigCommands(root, commandOf, done);
  addKernelCommands(root, commandOf, engineFindings, done);
  nameHelp(root, root.name());
  return root;
}

/** After a mistake each command names its own help, which lists what could have been given. */
function nameHelp(command: Command, name: string): void {
  command.showHelpAfterError(`(see ${name} --help)`);
  for (const inner of command.commands) nameHelp(inner, `${name} ${inner.name()}`);
}

/** What uses a trained detector. */
function addInferenceCommands(withConfig: AddCommand, done: Done): void {
  addInferenceOptions(withConfig('test', 'Evaluate a trained detector'), { count, share })
    .usage('[options] [config] <weights>')
    .argument('<arguments...>', `the config, which is left out where the weights file holds it; the ${CHECKPOINT}`)
    .option('--data <data>', DATA_HELP)
    .option('--batch <n>', 'batch size', count)
    .addOption(
      new RepeatableOption(
        '--eval <metric>',
        'bbox, segm, proposal, proposal_fast, voc, lvis, openimages, .., or a type; several with commas; default: those of the config',
      ),
    )
    .addOption(
      new RepeatableOption(
        '--slices <name>',
        'measure parts too: size, objects, crowding, brightness, or a field of the images; several with commas',
      ),
    )
    .addOption(
      new RepeatableOption(
        '--corruptions <name>',
        'evaluate corrupted images too, for mPC and rPC: benchmark, noise, blur, weather, digital, .. or names; several with commas',
      ),
    )
    .addOption(new RepeatableOption('--severities <n>', 'strengths of the corruptions, 1 to 5; default: all'))
    .option(
      '--frost-dir <folder>',
      'photographs of frost, of the Python package imagecorruptions; without them there is no frost',
    )
    .option('--out <file>', "write the detections: COCO results (.json), or MMDetection's .pkl for its analysis tools")
    .option('--show', 'open a page of the detections in the browser')
    .option('--show-dir <folder>', 'folder for the images with the boxes drawn')
    .action(async (given, options) => done(await testCommand(given, options)));

  withConfig('errors', 'Where a trained detector errs: kinds of error, confused classes, worst images')
    .usage('[options] [config] <weights>')
    .argument('[arguments...]', `the config, which is left out where the weights file holds it; the ${CHECKPOINT}`)
    .option('--data <data>', DATA_HELP)
    .option('--results <file>', 'COCO results file, instead of a config and a checkpoint; with --data coco:...')
    .option(
      '--out <file>',
      'page (.html) with images, confusion matrix, curves and thresholds; or its numbers, .json or .txt',
      fileOf('html', 'json', 'txt'),
    )
    .option('--iou <threshold>', 'IoU from which a detection finds an object (0.5)', positiveShare)
    .option('--score <score>', 'lowest score of the confusion matrix and of the boxes shown first (0.3)', share)
    .option('--precision <precision>', 'precision to choose a threshold for (0.9)', positiveShare)
    .option('--worst <n>', 'number of worst images (10)', count)
    .option('--masks', 'match masks instead of boxes')
    .option('--losses', 'compute the loss of every image too')
    .option('--amp', 'mixed precision (bfloat16)')
    .option('--batch <n>', 'batch size', count)
    .action(async (given, options) => done(await errorsCommand(given, options)));

  addInferenceOptions(withConfig('predict', 'Detect objects in images, videos and cameras'), { count, share })
    .usage('[options] [config] <weights> <source...>')
    .argument(
      '<arguments...>',
      'the config, which is left out where the weights file holds it; the weights file or its address, checkpoint folder, work dir or ' +
        'folder of an ensemble; and sources: files, folders, patterns in quotes, http addresses, videos and camera:0 (by ffmpeg)',
    )
    .option('--out <folder>', 'folder for images with the boxes drawn, and for videos')
    .option(
      '--as <what>',
      'fill the folder of --out with crops, yolo or labelme files instead',
      oneOf(...FOLDER_CONTENTS),
    )
    .addOption(
      new RepeatableOption('--save <file>', 'write all to a .coco.json, .csv, .jsonl, .json or .html file; repeatable'),
    )
    .option('--threshold <score>', 'minimum score of reported boxes (that kept with the weights, or 0.3)', share)
    .option('--batch <n>', 'images that go through the network together (1)', count)
    .option('--fps <n>', 'frames a second of a video (all) or camera (5)', positive)
    .option('--max-frames <n>', 'the first frames of a video or camera only', count)
    .option('--track', 'give the objects of a video identities, by ByteTrack')
    .option('--text <names>', 'what a detector on text is to find: "a dog . a cat ."')
    .action(async (given, options) => done(await predictCommand(given, options)));
}

/** What takes a trained detector elsewhere. */
function addExportCommand(withConfig: AddCommand, done: Done): void {
  withConfig('export', 'Write a trained detector as an ONNX file, or as a page that detects in a browser')
    .usage('[options] [config] <weights> <file.onnx | file.html>')
    .argument(
      '<arguments...>',
      `the config, which is left out where the weights file holds it; the ${CHECKPOINT}; the file`,
    )
    .option('--no-nms', 'scores and boxes of all candidates, instead of detections')
    .option('--input <HxW>', 'input image size; default: that of the test pipeline')
    .option('--batch <n>', 'images of a batch (1)', count)
    .option(
      '--dynamic [what]',
      'sizes that may change: size, batch, or both when nothing is named',
      oneOf('size', 'batch'),
    )
    .option('--precision <type>', 'float16: half precision inside (float32)', oneOf('float32', 'float16'))
    .option('--no-tracker', 'the detector inside of a model that tracks: a tracker has no form in ONNX')
    .option('--force', 'overwrite an existing file')
    .action(async (given, options) => done(await exportCommand(given, options)));
}

/** What shows the model of a config. */
function addModelCommands(withConfig: AddCommand, done: Done): void {
  withConfig('summary', 'Stages, shapes, strides and parameters of a detector')
    .argument('<config>')
    .option('--input <HxW>', 'input image size')
    .action(async (config, options) => done(await summaryCommand(config, options)));

  withConfig(
    'profile',
    'Where the time of a prediction or training step goes: kernels, modules, operators, conversions',
  )
    .argument('<config>', 'name or path of a config')
    .option('--train', 'a training step instead of a prediction')
    .option('--amp', 'mixed precision (bfloat16)')
    .option('--batch <n>', 'images per run (1)', count)
    .option('--input <HxW>', 'input image size; default: that of the test pipeline')
    .option('--repeats <n>', 'recorded runs, of which the median is reported (3)', count)
    .option(
      '--out <file>',
      'write it to a file: .html, .csv, .txt, or .json, a trace for chrome://tracing and Perfetto',
      fileOf('html', 'csv', 'txt', 'json'),
    )
    .action(async (config, options) => done(await profileCommand(config, options)));

  withConfig('necks', 'Compare all necks on a detector: requirements, outputs and cost')
    .argument('[config]', 'name or path of a config (faster-rcnn_r50_fpn_1x_coco)')
    .option('--input <HxW>', 'input image size; default: that of the test pipeline')
    .option('--no-flops', 'without multiply-adds, which need a forward pass of every neck')
    .action(async (config, options) => done(await necksCommand(config, options)));
}

/** What lists configs and modules, converts weights and checks the installation. */
function addCatalogueCommands(command: AddCommand, done: Done): void {
  command('configs', 'List config names, by algorithm')
    .argument('[words...]', 'words a name must contain: mask r50')
    .option('--weights', 'list the published weights: size, AP and address')
    .action((words, options) => done(configsCommand(words, options)));

  command('describe', 'Describe a module: options, shapes, paper and an example')
    .argument('<types...>', 'type names (FPN), or kind/type where several kinds have one')
    .action(async (types, options) => done(await describeCommand(types, options)));

  command('modules', 'List the modules that a config can name, by kind')
    .argument('[kind]', 'neck, backbone, loss, transform, hook, ...; or family: families of configs, with published AP')
    .action(async (kind, options) => done(await modulesCommand(kind, options)));

  command('compare', 'Compare runs by their folders: config differences, metrics, curves')
    .argument('<runs...>', "folders of runs, or patterns: 'runs/*'")
    .option('--out <file>', 'write it to a file: .html, .csv, .json, .txt, and .png or .svg of the curves')
    .option(
      '--data <data>',
      `also evaluate their last checkpoints and say which are better: ${DATA_HELP.split(';')[0]}`,
    )
    .action(async (folders, options) => done(await compareCommand(folders, options)));

  command('convert', 'Convert weights between .pth and .safetensors')
    .argument('<from>', 'a PyTorch or safetensors file, or its address')
    .argument('<to>', 'a .safetensors, .pth or .pt file')
    .option('--key <name>', 'key of the weights in a .pth (state_dict_ema)')
    .option('--force', 'overwrite an existing file')
    .action(async (from, to, options) => done(await convertCommand(from, to, options)));

  command('setup', 'Install libtorch by pip and build the torch engine, which its first use does too').action(
    async () => done(await setupCommand()),
  );

  command('doctor', "Check DetLab's installation").action(async (options) => done(await doctorCommand(options)));
}

/** A reader that has enough (`| head`) ends neither the command nor its work. */
function unlessClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Runs the command line and sets the exit code. */
export async function main(argv: string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    if (!stream.listeners('error').includes(unlessClosed)) stream.on('error', unlessClosed);
  let code: number = EXIT.ok;
  const root = program((result) => {
    code = result;
  });
  const family = (command: Command): Command[] => [command, ...command.commands.flatMap(family)];
  for (const command of family(root)) refuseRepeats(command).exitOverride();
  try {
    await root.parseAsync(everyAssignment(argv));
  } catch (error) {
    code = report(error, argv.includes('--json'));
  }
  process.exitCode = code;
}

/** An option that has one value is given once: the last of several would win without a word. */
function refuseRepeats(command: Command): Command {
  for (const option of command.options) {
    if (option instanceof RepeatableOption) continue;
    let given = 0;
    command.on(`option:${option.name()}`, () => {
      if (++given > 1) command.error(`error: option '${option.flags}' is given more than once`);
    });
  }
  return command;
}

function report(error: unknown, json: boolean): number {
  // reported by commander
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const code = error instanceof CommandFailure ? error.code : EXIT.failed;
  const reason = error instanceof CommandFailure ? error.reason : error;
  const message = reason instanceof Error ? reason.message : String(reason);
  // user errors need no stack trace
  const expected = reason instanceof DetLabError || (reason as NodeJS.ErrnoException)?.code !== undefined;
  process.stderr.write(`${expected || !(reason instanceof Error) ? message : (reason.stack ?? message)}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ event: 'error', code, message })}\n`);
  return code;
}
