// A dataset as a notebook shows it: a table of classes, counts and problems, and a grid of images with their ground truth.

import { inspect } from 'node:util';
import { countObjects, type DataProblem, type Dataset, joinDatasets, problemLines } from '../data';
import { type Exported, type ExportFormat, type ExportOptions, exportDataset } from '../data/export/export-dataset';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import { counted } from '../visualization/ap-table';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import type { DrawingOptions } from '../visualization/drawing-options';
import { LiveImages } from '../visualization/live-images';
import { saveAs } from '../visualization/savable';
import { type Table, tableHtml, tableMarkdown, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { type BrowseOptions, browse } from './browse';
import { classColours } from './class-colours';
import { reportOfCocoResults } from './coco-results';
import { type DatasetStatisticsDisplay, statisticsOf } from './dataset-statistics';
import { type Duplicates, type FindDuplicatesOptions, findDuplicates } from './duplicates';
import { type Folds, foldsOf } from './folds';
import { holdOut } from './hold-out';
import type { KFoldOptions } from './k-fold';
import { LabelMistakes, type LabelMistakesOptions, type MistakeSource } from './label-mistakes';
import { checkMethod } from './method-options';
import { recordImage } from './record-image';
import type { Report } from './report';
import { type UnlabelledImages, unlabelledImages } from './unlabelled-images';

const SHOWN_IMAGES = 6;
const SHOWN_PROBLEMS = 3;

/**
 * Images with ground truth, for training and validation: what `dataset` opens, `fit` learns from and `evaluate` measures on.
 * @example (await dataset.toytown({ images: 8 })).show()
 */
export class LabDataset implements Displayable {
  constructor(
    readonly name: string,
    /** Training images. */
    readonly train: Dataset,
    /** Validation images; without them `fit` computes no AP. */
    readonly val: Dataset | undefined,
    /** Images without labels, for detectors that learn from those too: see `withUnlabelled`. */
    readonly unlabelled?: Dataset,
  ) {
    // images with a text of their own are not asked for the classes of others
    if (val && !val.readsText && val.classes.join('\n') !== train.classes.join('\n'))
      throw new DetLabError(
        `Cannot pair "${train.name}" with "${val.name}": their classes differ (${train.classes.join(', ')}; ${val.classes.join(', ')}). ` +
          `Load both with the same { classes: [...] }`,
      );
  }

  get classes(): string[] {
    return this.train.classes;
  }

  get problems(): DataProblem[] {
    // both parts of a split carry the problems of the whole
    return [...new Set([...this.train.problems, ...(this.val?.problems ?? [])])];
  }

  /** What was guessed or is worth knowing, one sentence each. */
  get notices(): string[] {
    const found = [...(this.train.notices ?? []), ...(this.val?.notices ?? [])];
    return [...new Set([...found, ...sharedImages(this.train, this.val)])];
  }

  /** The images that `evaluate` uses: the validation images, or the only ones. */
  get evaluated(): Dataset {
    return this.val ?? this.train;
  }

  /**
   * The training or validation images alone (`'train'`, `'val'`), or a new split: `split(0.2)` draws a fifth of the training
   * images at random for validation.
   * @example (await dataset.coco('a.json', 'images')).split(0.2, { seed: 1 })
   */
  split(part: 'train' | 'val' | number, options: { seed?: number } = {}): LabDataset {
    checkMethod('LabDataset.split', options);
    const { seed = 0 } = options;
    if (typeof part === 'number') {
      const { train, val } = holdOut(this.train, part, seed);
      return new LabDataset(this.name, train, val, this.unlabelled);
    }
    if (part !== 'train' && part !== 'val')
      throw new DetLabError(
        `Cannot split "${this.name}": expected 'train', 'val' or a share such as 0.2, received ${nameOfValue(part)}.` +
          didYouMean(String(part), ['train', 'val']),
      );
    const only = part === 'train' ? this.train : this.val;
    if (!only)
      throw new DetLabError(`Cannot take the val split of "${this.name}": it has none. Create one with .split(0.2)`);
    return new LabDataset(only.name, only, undefined, part === 'train' ? this.unlabelled : undefined);
  }

  /**
   * The training images in `count` folds: a dataset for each, which validates on the fold and trains on the others. Every fold has
   * its share of the images of each class; validation images are in no fold.
   *
   * @example for (const fold of cells.kFold(5, { seed: 1 })) await recipe.fit(fold, { epochs: 12 })
   * @throws DetLabError for more folds than images (or groups)
   */
  kFold(count = 5, options: KFoldOptions = {}): Folds<LabDataset> {
    checkMethod('LabDataset.kFold', options);
    return foldsOf(this, count, options, (name, train, val) => new LabDataset(name, train, val, this.unlabelled));
  }

  /**
   * The training images of this and another dataset of the same classes, such as pseudo-labels; validation images stay this one's.
   *
   * @example await recipe.fit(labelled.merge(await model.pseudoLabel('unlabelled/*.jpg')), { epochs: 12 })
   * @throws DetLabError where the classes differ
   */
  merge(other: { readonly train: Dataset }): LabDataset {
    const train = joinDatasets([this.train, other.train]);
    return new LabDataset(train.name, train, this.val, this.unlabelled);
  }

  /**
   * With images without labels, from which SoftTeacher learns too; other detectors train as without. A folder, a pattern, files, or a data
   * set, whose labels are then not used. `model.pseudoLabel(images)` labels them once instead, to be looked at before training.
   *
   * @example await detector('soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco').fit(await cells.withUnlabelled('more/*.jpg'))
   * @throws DetLabError where there are no images
   */
  async withUnlabelled(images: UnlabelledImages): Promise<LabDataset> {
    const found = await unlabelledImages(images, this.train);
    const all = this.unlabelled ? joinDatasets([this.unlabelled, found]) : found;
    return new LabDataset(this.name, this.train, this.val, all);
  }

  /** The first `n` images of each split, for a quick test. */
  take(n: number): LabDataset {
    if (!Number.isInteger(n) || n < 1)
      throw new DetLabError(
        `Cannot take ${nameOfValue(n)} of "${this.name}": expected a number of images, such as take(20)`,
      );
    const first = (d: Dataset): Dataset => ({ ...d, records: d.records.slice(0, n) });
    const [train, val, unlabelled] = [this.train, this.val, this.unlabelled].map((part) => part && first(part));
    return new LabDataset(this.name, train ?? this.train, val, unlabelled);
  }

  /** Number of boxes by class and split, and of what is there but not used. */
  table(): Table {
    const splits = [this.train, ...(this.val ? [this.val] : [])];
    const names = this.val ? ['train', 'val'] : [''];
    const counts = splits.map((part) => countObjects(part));
    const numbers = (values: number[]) => values.map((n) => n.toLocaleString('en'));
    const images = numbers(counts.map((c) => c.images));
    return {
      title: `${this.name}: ${images.map((n, i) => `${n} ${names[i]}`.trim()).join(' + ')} ${images.join() === '1' ? 'image' : 'images'}, ${this.classes.length} ${this.classes.length === 1 ? 'class' : 'classes'}`,
      columns: [
        { title: 'class' },
        ...names.map((name) => ({ title: `${name} boxes`.trim(), align: 'right' as const })),
      ],
      rows: [
        ...this.classes.map((name, c) => [name, ...numbers(counts.map((part) => part.byClass[c]))]),
        ['all', ...numbers(counts.map(({ objects }) => objects))],
        ...unusedRows(splits).map(({ title, of }) => [title, ...numbers(of)]),
      ],
      strong: [this.classes.length],
      note: this.note(),
    };
  }

  private note(): string {
    const { problems, notices } = this;
    const lines = problemLines(problems);
    const more = lines.length > SHOWN_PROBLEMS ? '; ... (see .problems)' : '';
    const found =
      problems.length === 0
        ? 'no problems found'
        : `${counted(problems.length, 'problem')}: ${lines.slice(0, SHOWN_PROBLEMS).join('; ')}${more}`;
    const others = this.unlabelled ? [`${counted(this.unlabelled.records.length, 'image')} without labels`] : [];
    return [found, ...others, ...notices].join('. ');
  }

  /**
   * Some training images with their ground truth, evenly spread; `limit` says how many (default 6).
   * @example data.show({ limit: 24, columns: 4 }).save('cells.html')
   */
  show({ limit = SHOWN_IMAGES, ...drawing }: DrawingOptions = {}): LiveImages {
    const { records } = this.train;
    const step = Math.max(1, Math.floor(records.length / limit));
    const selected = records.filter((_, i) => i % step === 0).slice(0, limit);
    const images = selected.map((record) => recordImage(record));
    const title = `images of ${this.name}`;
    const standard = { ...classColours(this.train), title, color: 'class', labels: 'class', limit } as const;
    return new LiveImages(images, { ...standard, ...drawing });
  }

  /**
   * Classes, sizes, shapes and positions of the objects, objects per image and image sizes of a split, with charts.
   * @example cells.statistics('val').statistics.side.median
   * @throws DetLabError for a val split that is not there
   */
  statistics(split: 'train' | 'val' = 'train'): DatasetStatisticsDisplay {
    return statisticsOf(this.split(split).train);
  }

  /**
   * Images that are there more than once, in the same or in both splits: equal files, and nearly equal images (the same one
   * encoded or scaled anew, neighbouring frames of a video).
   *
   * @example (await cells.duplicates()).groups
   * @throws DetLabError when it is interrupted
   */
  async duplicates(options?: FindDuplicatesOptions): Promise<Duplicates> {
    checkMethod('LabDataset.duplicates', options);
    return findDuplicates(this.name, this, options);
  }

  /**
   * Validation images that are training images too, the same file or nearly the same image.
   * @example (await cells.leaks()).show()
   * @throws DetLabError for a dataset of one split
   */
  async leaks(options?: FindDuplicatesOptions): Promise<Duplicates> {
    checkMethod('LabDataset.duplicates', options);
    if (!this.val)
      throw new DetLabError(
        `Cannot look for leaks in "${this.name}": it has no val split. Create one with .split(0.2)`,
      );
    return findDuplicates(this.name, this, options, true);
  }

  /**
   * Labels that a model disagrees with, the most suspicious first: missing ones, wrong classes, bad boxes. Of the images that
   * `evaluate` uses: `data.split('train').labelMistakes(model)` is about the training images; or of a report of them.
   *
   * @example (await cells.labelMistakes(run.model)).filter('missing label').show()
   * @throws DetLabError for a report without the detections
   */
  async labelMistakes(from: MistakeSource<LabDataset>, options?: LabelMistakesOptions): Promise<LabelMistakes> {
    checkMethod('LabDataset.labelMistakes', options);
    const { results } = 'evaluate' in from ? await from.evaluate(this) : from;
    if (results) return LabelMistakes.of(results, options);
    throw new DetLabError(
      'Cannot look for label mistakes: the report has no detections. Use await model.evaluate(data)',
    );
  }

  /**
   * Evaluates the detections of a COCO results file, of any program, on the images that `model.evaluate` uses, by the same metrics.
   *
   * @example (await cells.evaluate('yolo-predictions.json')).errors()
   * @throws DetLabError for a file that holds no results, and for images and categories that the data does not have
   */
  evaluate(results: string): Promise<Report> {
    return reportOfCocoResults(results, this.evaluated);
  }

  /**
   * A page of images with their ground truth, of one class or of all, in the order of the annotation file.
   * @example cells.browse({ class: 'Platelets', page: 2, size: 24 })
   * @throws DetLabError for an unknown class, with the nearest, and for a page that is not there
   */
  browse(options: BrowseOptions = {}): LiveImages {
    checkMethod('LabDataset.browse', options);
    return browse(this, options);
  }

  /**
   * Writes the data set into a new folder in another format, as 'coco', 'voc', 'yolo', 'labelme' or 'middle'; images are copied, linked
   * or left (`images`). What the format cannot hold is said before anything is written, and in `notices`.
   * @example await cells.export('yolo', 'cells-yolo', { images: 'link' })
   * @throws DetLabError for a folder that is not empty, without `overwrite`
   */
  async export(format: ExportFormat, folder: string, options: ExportOptions = {}): Promise<Exported> {
    checkMethod('LabDataset.export', options);
    const onNotice =
      options.onNotice ?? ((line: string) => process.stderr.write(`${this.name} as ${format}: ${line}\n`));
    const val = this.val ? [{ name: 'val', dataset: this.val }] : [];
    return exportDataset(format, folder, [{ name: 'train', dataset: this.train }, ...val], { ...options, onNotice });
  }

  /** Writes the table as .csv, .json or .txt, with some images as .html, or these alone as .png, .jpg or .svg; returns the path. */
  save(file: string): Promise<string> {
    const table = this.table();
    const images = this.show();
    const { csv, txt } = tableFormats(null, table);
    const formats = {
      csv,
      txt,
      html: async () => `${tableHtml(table)}\n${await images.html()}`,
      json: () => ({ name: this.name, classes: this.classes, ...table, problems: this.problems }),
      png: () => images.png(),
      jpg: () => images.bytes('jpeg'),
      svg: () => images.svg(),
    };
    return saveAs(this.name, formats, file);
  }

  /** A PNG of some training images with their ground truth. */
  grid(count = SHOWN_IMAGES, drawing: DrawingOptions = {}): Promise<Buffer> {
    return this.show({ ...drawing, limit: count }).png();
  }

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    const table = this.table();
    const images = await this.show()[JUPYTER_DISPLAY]();
    return {
      ...images,
      'text/html': `${tableHtml(table)}\n${images['text/html']}`,
      'text/markdown': tableMarkdown(table),
      'text/plain': tableText(table),
    };
  }

  toString(): string {
    return tableText(this.table());
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Says how many validation images are trained on. */
function sharedImages(train: Dataset, val: Dataset | undefined): string[] {
  if (!val) return [];
  const trained = new Set(train.records.map((record) => record.path));
  const shared = val.records.filter((record) => trained.has(record.path)).length;
  if (shared === 0) return [];
  return [
    `${shared.toLocaleString('en')} of ${counted(val.records.length, 'validation image')} ${shared === 1 ? 'is a training image' : 'are training images'} too: AP on them says nothing about new images`,
  ];
}

/** The rows below the total, of what at least one split has. */
function unusedRows(splits: readonly Dataset[]): { title: string; of: number[] }[] {
  const counts = splits.map((part) => countObjects(part));
  const outlines = counts.some((part) => part.outlines);
  const problemsOf = (...kinds: DataProblem['kind'][]) =>
    splits.map(({ problems }) => problems.filter(({ kind, lost }) => !lost && kinds.includes(kind)).length);
  const missing = problemsOf('missing-image', 'unreadable-image');
  const lostImages = splits.map(({ problems }) => problems.filter(({ lost }) => lost === 'image').length);
  const rows = [
    { title: 'crowds (ignored)', of: counts.map(({ crowds }) => crowds) },
    { title: 'other ignored boxes', of: counts.map(({ ignored }) => ignored) },
    { title: 'boxes without outline', of: counts.map(({ withoutOutline }) => (outlines ? withoutOutline : 0)) },
    { title: 'boxes of other classes (not used)', of: counts.map(({ otherClasses }) => otherClasses) },
    { title: 'boxes skipped', of: problemsOf('zero-area', 'empty-annotation', 'unknown-category', 'bad-annotation') },
    { title: 'images without objects (used as background)', of: counts.map(({ emptyImages }) => emptyImages) },
    { title: 'images without objects (not used)', of: problemsOf('empty-image') },
    { title: 'images below min_size (not used)', of: problemsOf('small-image') },
    { title: 'images missing or unreadable', of: missing },
    { title: 'images without a usable annotation', of: lostImages },
  ];
  return rows.filter(({ of }) => of.some((n) => n > 0));
}
