// A dataset as a notebook shows it: a table of classes, counts and problems, and a grid of images with their ground truth.

import path from 'node:path';
import { inspect } from 'node:util';
import { type DataProblem, type Dataset, decodeImage, type ImageRecord } from '../data';
import { DetLabError } from '../errors';
import { segmentationToRle } from '../masks';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import type { DrawnBox } from '../visualization/draw-boxes';
import { drawGrid } from '../visualization/image-grid';
import { type Table, tableHtml, tableMarkdown, tableText } from '../visualization/table';
import { holdOut } from './hold-out';

const SHOWN_IMAGES = 6;

export class LabDataset implements Displayable {
  constructor(
    readonly name: string,
    /** Training images. */
    readonly train: Dataset,
    /** Validation images; without them `fit` computes no AP. */
    readonly val: Dataset | undefined,
  ) {
    if (val && val.classes.join('\n') !== train.classes.join('\n'))
      throw new DetLabError(
        `Cannot pair "${train.name}" with "${val.name}": their classes differ (${train.classes.join(', ')}; ${val.classes.join(', ')}). ` +
          `Load both with the same { classes: [...] }`,
      );
  }

  get classes(): string[] {
    return this.train.classes;
  }

  get problems(): DataProblem[] {
    return [...this.train.problems, ...(this.val?.problems ?? [])];
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
  split(part: 'train' | 'val' | number, { seed = 0 } = {}): LabDataset {
    if (typeof part === 'number') {
      const { train, val } = holdOut(this.train, part, seed);
      return new LabDataset(this.name, train, val);
    }
    const only = part === 'train' ? this.train : this.val;
    if (!only)
      throw new DetLabError(`Cannot take the val split of "${this.name}": it has none. Create one with .split(0.2)`);
    return new LabDataset(only.name, only, undefined);
  }

  /** The first `n` images of each split, for a quick test. */
  take(n: number): LabDataset {
    const first = (d: Dataset): Dataset => ({ ...d, records: d.records.slice(0, n) });
    return new LabDataset(this.name, first(this.train), this.val && first(this.val));
  }

  /** Number of boxes by class and split. */
  table(): Table {
    const splits = [this.train, ...(this.val ? [this.val] : [])];
    const names = this.val ? ['train', 'val'] : [''];
    const boxes = splits.map((split) => countByClass(split));
    const images = splits.map((split) => split.records.length.toLocaleString('en'));
    const { problems } = this;
    return {
      title: `${this.name}: ${images.map((n, i) => `${n} ${names[i]}`.trim()).join(' + ')} images, ${this.classes.length} classes`,
      columns: [
        { title: 'class' },
        ...names.map((name) => ({ title: `${name} boxes`.trim(), align: 'right' as const })),
      ],
      rows: [
        ...this.classes.map((name, c) => [name, ...boxes.map((b) => b[c].toLocaleString('en'))]),
        ['all', ...boxes.map((b) => b.reduce((x, y) => x + y, 0).toLocaleString('en'))],
      ],
      strong: [this.classes.length],
      note:
        problems.length === 0
          ? 'no problems found'
          : `${problems.length} problem${problems.length > 1 ? 's' : ''}: ` +
            `${problems
              .slice(0, 3)
              .map((p) => p.message)
              .join('; ')}${problems.length > 3 ? '; ... (see .problems)' : ''}`,
    };
  }

  /** A PNG of some training images with their ground truth. */
  async grid(count = SHOWN_IMAGES): Promise<Buffer> {
    const { records } = this.train;
    const selected: ImageRecord[] = [];
    const step = Math.max(1, Math.floor(records.length / count));
    for (let i = 0; i < records.length && selected.length < count; i += step) selected.push(records[i]);
    const read = await Promise.all(
      selected.map(async (record) => {
        try {
          return {
            image: await decodeImage(record.path, record.id),
            boxes: truthBoxes(record),
            caption: path.basename(record.path),
          };
        } catch {
          return undefined; // training reports it as a problem
        }
      }),
    );
    return drawGrid(
      read.filter((r) => r !== undefined),
      { legend: this.classes },
    );
  }

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    const table = this.table();
    const png = (await this.grid()).toString('base64');
    const image = `<img alt="images with their boxes" style="max-width:100%" src="data:image/png;base64,${png}">`;
    return {
      'text/html': `${tableHtml(table)}\n${image}`,
      'text/markdown': tableMarkdown(table),
      'text/plain': tableText(table),
      'image/png': png,
    };
  }

  toString(): string {
    return tableText(this.table());
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

function countByClass({ classes, records }: Dataset): number[] {
  const counts = classes.map(() => 0);
  for (const { truths } of records)
    for (const [i, label] of truths.labels.entries()) if (truths.ignored[i] === 0) counts[label]++;
  return counts;
}

export function truthBoxes({ truths, segmentations, height, width }: ImageRecord): DrawnBox[] {
  const masks = segmentations?.map((s) => s && segmentationToRle(s, height, width));
  return Array.from(truths.labels, (label, i) => ({
    mask: masks?.[i],
    bbox: [...truths.bboxes.subarray(4 * i, 4 * i + 4)],
    classIndex: label,
    dashed: truths.ignored[i] === 1,
  }));
}
