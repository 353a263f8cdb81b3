// `detlab dataset VIEW --data DATA`: what is in a data set, as text, JSON lines, or a page.

import type { Command } from 'commander';
import { MISTAKE_KINDS, type MistakeKind } from '../analysis/label-mistakes';
import type { LabDataset } from '../lab/lab-dataset';
import type { LabelMistakes } from '../lab/label-mistakes';
import type { Model } from '../lab/model';
import type { SavableDisplay } from '../visualization/savable';
import { DATA_HELP, openData } from './data-option';
import { addDatasetFiles } from './dataset-files';
import { openOnly } from './model-arguments';
import { count, fileOf, oneOf, share } from './option-values';
import { EXIT, output, phase, untilInterrupted } from './outcome';
import { cfgOptions, RepeatableOption } from './repeatable-option';

interface DatasetArguments {
  data: string;
  split?: 'train' | 'val';
  out?: string;
  json?: boolean;
  cfgOptions?: string[];
}

interface BrowseArguments extends DatasetArguments {
  class?: string[];
  page?: number;
  size?: number;
}

interface MistakeArguments extends DatasetArguments {
  kind?: MistakeKind;
  minimum?: number;
  batch?: number;
}

/** What a view shows, with the fields of its JSON line. */
interface View {
  shown: Pick<SavableDisplay, 'save' | 'toString'>;
  fields: Record<string, unknown>;
}

type Open = (data: LabDataset, signal: AbortSignal) => View | Promise<View>;

async function showView(
  view: string,
  options: DatasetArguments,
  open: Open,
  opened: () => Promise<LabDataset> = () => openData(options.data),
): Promise<number> {
  const out = output(options.json === true);
  return untilInterrupted(async (signal) => {
    const data = await phase(EXIT.data, opened);
    for (const line of data.notices) process.stderr.write(`${line}\n`);
    const { shown, fields } = await phase(EXIT.usage, () => open(data, signal));
    const saved = options.out === undefined ? undefined : await phase(EXIT.usage, () => shown.save(options.out!));
    out.event(view, { data: data.name, ...fields, ...(saved && { out: saved }) });
    out.print([String(shown), ...(saved ? [`written: ${saved}`] : [])].join('\n\n'));
    return EXIT.ok;
  });
}

/** The split alone, for what looks at both otherwise. */
const ofSplit = (data: LabDataset, options: DatasetArguments): LabDataset =>
  options.split === undefined ? data : data.split(options.split);

function browseView(data: LabDataset, { class: names, page, size, split }: BrowseArguments): View {
  const shown = data.browse({ class: names, page, size, split });
  const images = shown.images.map(({ source, width, height, boxes }) => ({
    image: source,
    width,
    height,
    boxes: boxes.map(({ label, bbox, state }) => ({ class: data.classes[label], bbox, ignored: state === 'ignored' })),
  }));
  return { shown, fields: { images } };
}

async function duplicatesView(data: LabDataset, signal: AbortSignal, across: boolean): Promise<View> {
  const shown = across ? await data.leaks({ signal }) : await data.duplicates({ signal });
  const groups = shown.groups.map(({ images, exact, leak }) => ({
    exact,
    leak,
    images: images.map(({ split, record }) => ({ split, id: record.id, file: record.path })),
  }));
  return { shown, fields: { images: shown.images, unreadable: shown.unreadable, groups } };
}

async function mistakesView(
  data: LabDataset,
  model: Model,
  { kind, minimum, batch }: MistakeArguments,
  signal: AbortSignal,
): Promise<View> {
  const report = await model.evaluate(data, { batch, signal });
  const all: LabelMistakes = await data.labelMistakes(report, { minimum });
  const shown = kind === undefined ? all : all.filter(kind);
  return { shown, fields: { labels: shown.labels } };
}

/** What each view can be written as. */
const FORMATS = {
  show: ['html', 'csv', 'json', 'txt', 'png', 'jpg', 'svg'],
  statistics: ['html', 'csv', 'json', 'txt', 'png', 'svg'],
  browse: ['html', 'csv', 'json', 'png', 'jpg', 'svg'],
  duplicates: ['html', 'csv', 'json', 'txt'],
  leaks: ['html', 'csv', 'json', 'txt'],
  mistakes: ['html', 'csv', 'json', 'txt'],
} as const;

/** @param commandOf adds a subcommand with the options of all commands. */
export function addDatasetCommands(
  root: Command,
  commandOf: (parent: Command, usage: string, description: string) => Command,
  done: (code: number) => void,
): void {
  const family = root
    .command('dataset')
    .alias('data')
    .description(
      'Look at a data set: its boxes, statistics, images, duplicates, leaks and suspicious labels; convert, split, merge it',
    );
  const help = DATA_HELP.replace(/; default: .*$/, '');
  const command = (usage: keyof typeof FORMATS, description: string) => {
    const out = `also write it to a file: ${FORMATS[usage].map((format) => `.${format}`).join(', ')}`;
    return commandOf(family, usage, description)
      .requiredOption('--data <data>', help)
      .option('--out <file>', out, fileOf(...FORMATS[usage]));
  };
  const splits = (of: Command, description: string) => of.option('--split <part>', description, oneOf('train', 'val'));

  command('show', 'Boxes by class and split, and what is there but not used').action(
    async (options: DatasetArguments) =>
      done(
        await showView('dataset', options, (data) => ({
          shown: data,
          fields: { ...data.table(), problems: data.problems },
        })),
      ),
  );

  const statistics = command('statistics', 'Sizes, shapes, positions and numbers of objects').alias('stats');
  splits(statistics, 'train or val (train)').action(async (options: DatasetArguments) =>
    done(
      await showView('statistics', options, (data) => {
        const shown = data.statistics(options.split);
        return { shown, fields: { ...shown.statistics } };
      }),
    ),
  );

  splits(command('browse', 'Images with their objects, page by page'), 'train or val (train)')
    .addOption(new RepeatableOption('--class <name>', 'only images with an object of this class; repeatable'))
    .option('--page <n>', 'the first is 1', count)
    .option('--size <n>', 'images per page (24)', count)
    .action(async (options: BrowseArguments) =>
      done(await showView('browse', options, (data) => browseView(data, options))),
    );

  splits(
    command('duplicates', 'Images that are there more than once, the same file or nearly the same image'),
    'only those within train or val (both)',
  ).action(async (options: DatasetArguments) =>
    done(
      await showView('duplicates', options, (data, signal) => duplicatesView(ofSplit(data, options), signal, false)),
    ),
  );

  command('leaks', 'Validation images that are training images too').action(async (options: DatasetArguments) =>
    done(await showView('leaks', options, (data, signal) => duplicatesView(data, signal, true))),
  );

  addDatasetFiles(family, commandOf, done);
  addMistakes(splits(command('mistakes', MISTAKES), 'train or val (val, where there is one)'), done);
}

const MISTAKES = 'Labels that a trained model disagrees with, the most suspicious first';

function addMistakes(mistakes: Command, done: (code: number) => void): void {
  mistakes
    .usage('[options] [config] <weights>')
    .argument(
      '<arguments...>',
      'the config, which is left out where the weights file holds it; the weights file or its address, checkpoint folder or work dir',
    )
    .option('--kind <kind>', "only 'missing label', 'wrong class' or 'bad box'", oneOf(...MISTAKE_KINDS))
    .option('--minimum <suspicion>', 'lowest suspicion that is listed, 0 to 1 (0.5)', share)
    .option('--batch <n>', 'batch size', count)
    .addOption(cfgOptions())
    .action(async (given: string[], options: MistakeArguments) => {
      const model = await phase(EXIT.usage, () => openOnly(given, options.cfgOptions, 'list suspicious labels'));
      const opened = () => openData(options.data, model.classes);
      done(
        await showView(
          'mistakes',
          options,
          (data, signal) => mistakesView(ofSplit(data, options), model, options, signal),
          opened,
        ),
      );
    });
}
