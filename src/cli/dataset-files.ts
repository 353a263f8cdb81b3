// `detlab data convert | check | split | merge`: a data set in another format, its problems, a held-out part, several as one.

import type { Command } from 'commander';
import { EXPORT_FORMATS, type ExportFormat, IMAGE_MODES } from '../data/export/export-dataset';
import { classesOfAll, mergeDatasets } from '../data/merge-datasets';
import { DetLabError } from '../errors';
import { LabDataset } from '../lab/lab-dataset';
import { DATA_HELP, openData } from './data-option';
import { oneOf, positiveShare, seed } from './option-values';
import { EXIT, type Output, output, phase, untilInterrupted } from './outcome';
import { RepeatableOption } from './repeatable-option';

interface FileArguments {
  data: string;
  to: ExportFormat;
  out: string;
  images?: (typeof IMAGE_MODES)[number];
  overwrite?: boolean;
  firstPixel?: '0' | '1';
  json?: boolean;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Writes what was opened and ends with the exit code. */
async function exported(event: string, options: FileArguments, open: () => Promise<LabDataset>): Promise<number> {
  const out: Output = output(options.json === true);
  return untilInterrupted(async (signal) => {
    const data = await phase(EXIT.data, open);
    for (const line of data.notices) say(line);
    const { images, overwrite, to } = options;
    const firstPixel = options.firstPixel && (options.firstPixel === '0' ? 0 : 1);
    const done = await phase(EXIT.usage, () =>
      data.export(to, options.out, { images, overwrite, firstPixel, signal, onNotice: say }),
    );
    out.event(event, { data: data.name, classes: data.classes, problems: data.problems.length, ...done });
    out.print(`${String(data)}\n\nwritten: ${done.folder} (${to}, ${done.images} images)`);
    return EXIT.ok;
  });
}

/** The problems of a data set, all of them; exit code 3 when there are any. */
async function checked(options: Pick<FileArguments, 'data' | 'json'>): Promise<number> {
  const out = output(options.json === true);
  const data = await phase(EXIT.data, () => openData(options.data));
  const { problems, notices } = data;
  out.event('check', { data: data.name, ...data.table(), notices, problems });
  out.print([String(data), ...problems.map(({ message }) => message)].join('\n'));
  return problems.length > 0 ? EXIT.data : EXIT.ok;
}

/** @param several data sets, of which the validation parts are merged apart from the training parts */
async function merged(several: readonly string[]): Promise<LabDataset> {
  if (several.length < 2) throw new DetLabError('Cannot merge one data set: give --data twice or more');
  const all: LabDataset[] = [];
  for (const data of several) all.push(await openData(data));
  const classes = classesOfAll(all.map(({ train }) => train));
  const name = all.map((data) => data.name).join('+');
  const vals = all.flatMap(({ val }) => val ?? []);
  const train = mergeDatasets(
    all.map((data) => data.train),
    name,
    classes,
  );
  return new LabDataset(name, train, vals.length > 0 ? mergeDatasets(vals, `${name} val`, classes) : undefined);
}

/** @param commandOf adds a subcommand with the options of all commands. */
export function addDatasetFiles(
  family: Command,
  commandOf: (parent: Command, usage: string, description: string) => Command,
  done: (code: number) => void,
): void {
  const help = DATA_HELP.replace(/; default: .*$/, '');
  const writing = (usage: string, description: string) =>
    commandOf(family, usage, description)
      .requiredOption('--to <format>', EXPORT_FORMATS.join(', '), oneOf(...EXPORT_FORMATS))
      .requiredOption('--out <folder>', 'a new folder')
      .option('--images <how>', `${IMAGE_MODES.join(', ')} (copy)`, oneOf(...IMAGE_MODES))
      .option('--first-pixel <n>', 'of VOC files: 1 (default), or 0 as other tools read them', oneOf('0', '1'))
      .option('--overwrite', 'replace files that are there');

  commandOf(family, 'check', 'Everything that is wrong in a data set; exit code 3 when something is')
    .requiredOption('--data <data>', help)
    .action(async (options: FileArguments) => done(await checked(options)));

  writing('convert', 'Write a data set in another format')
    .requiredOption('--data <data>', help)
    .action(async (options: FileArguments) => done(await exported('convert', options, () => openData(options.data))));

  writing('split', 'Hold out a share of the training images for validation, and write both parts')
    .requiredOption('--data <data>', help)
    .option('--share <share>', 'of the images for validation (0.2)', positiveShare)
    .option('--seed <n>', 'of the draw (0)', seed)
    .action(async (options: FileArguments & { share?: number; seed?: number }) => {
      const open = async () => (await openData(options.data)).split(options.share ?? 0.2, { seed: options.seed });
      done(await exported('split', options, open));
    });

  writing('merge', 'Write several data sets as one; classes of one name are one class')
    .addOption(new RepeatableOption('--data <data>', `${help}; twice or more`).makeOptionMandatory())
    .action(async (options: Omit<FileArguments, 'data'> & { data: string[] }) =>
      done(await exported('merge', { ...options, data: options.data.join(' ') }, () => merged(options.data))),
    );
}
