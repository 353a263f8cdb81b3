// The folds of `data.kFold(5)`: a dataset for each, and how evenly images and objects are dealt out, as a table.

import { countObjects, type Dataset } from '../data';
import { DetLabError, nameOfValue } from '../errors';
import type { MimeBundle } from '../visualization/display';
import { type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { type KFoldOptions, kFold } from './k-fold';

/** A dataset of two splits. */
interface Fold {
  readonly name: string;
  readonly train: Dataset;
  readonly val: Dataset | undefined;
}

/** Datasets that have each image as a validation image once. */
export class Folds<Data extends Fold = Fold> extends SavableDisplay implements Iterable<Data> {
  protected readonly what: string;

  constructor(
    readonly name: string,
    /** In each the validation images are one fold and the training images all others. */
    readonly folds: readonly Data[],
    private readonly note: string,
  ) {
    super();
    this.what = `folds of ${name}`;
    for (const key of ['what', 'note']) Object.defineProperty(this, key, { enumerable: false });
  }

  get length(): number {
    return this.folds.length;
  }

  [Symbol.iterator](): Iterator<Data> {
    return this.folds[Symbol.iterator]();
  }

  /**
   * The dataset of a fold, from 0.
   * @throws DetLabError for a fold that is not there
   */
  at(index: number): Data {
    const fold = this.folds.at(index);
    if (fold) return fold;
    throw new DetLabError(`Cannot take fold ${nameOfValue(index)} of "${this.name}": expected 0 to ${this.length - 1}`);
  }

  /** Images, and objects by class, of each fold. */
  private table(): Table {
    const counts = this.folds.map(({ val }) => countObjects(val!));
    const classes = this.folds[0].train.classes;
    const row = (title: string, values: readonly number[]) => {
      const share = values.map((value) => value.toLocaleString('en'));
      return [
        title,
        ...share,
        `${Math.min(...values).toLocaleString('en')} to ${Math.max(...values).toLocaleString('en')}`,
      ];
    };
    return {
      title: `${this.name}: ${this.length} folds`,
      columns: [
        { title: '' },
        ...this.folds.map((_, i) => ({ title: `fold ${i + 1}`, align: 'right' as const })),
        { title: 'range', align: 'right' as const },
      ],
      rows: [
        row(
          'images',
          counts.map(({ images }) => images),
        ),
        ...classes.map((name, label) =>
          row(
            `${name} boxes`,
            counts.map(({ byClass }) => byClass[label]),
          ),
        ),
      ],
      strong: [0],
      note: this.note,
    };
  }

  protected formats(): Formats {
    const folds = this.folds.map(({ val }) => (val as Dataset).records.map(({ path }) => path));
    return tableFormats({ name: this.name, folds }, this.table());
  }

  protected bundle(): MimeBundle {
    return tablesBundle(this.table());
  }

  toString(): string {
    return tableText(this.table());
  }
}

/** The folds of a dataset, each as `create` makes a dataset of its two splits. */
export function foldsOf<Data extends Fold>(
  data: Fold,
  count: number,
  options: KFoldOptions,
  create: (name: string, train: Dataset, val: Dataset) => Data,
): Folds<Data> {
  const { stratified = true, seed = 0, groups } = options;
  const made = kFold(data.train, count, options).map(({ train, val }, i) =>
    create(`${data.name} fold ${i + 1}`, train, val),
  );
  const notes = [
    stratified ? 'stratified by the classes in each image (iterative stratification)' : 'dealt out at random',
    ...(groups === undefined ? [] : ['the images of a group stay together']),
    `seed ${seed}`,
    ...(data.val ? [`the ${data.val.records.length} validation images are in no fold`] : []),
  ];
  return new Folds(data.name, made, notes.join('; '));
}
