// `data.duplicates()` and `data.leaks()`: images that are in a dataset more than once, the same file or nearly the same image,
// and those that are both trained on and validated on.

import path from 'node:path';
import {
  type DuplicateOptions,
  type DuplicatePair,
  duplicateGroups,
  duplicatePairs,
} from '../analysis/near-duplicates';
import type { Dataset, ImageRecord } from '../data';
import { counted } from '../visualization/ap-table';
import { type MimeBundle, notebook } from '../visualization/display';
import type { DrawingOptions } from '../visualization/drawing-options';
import { escapeHtml } from '../visualization/escape';
import { LiveImages } from '../visualization/live-images';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tableMarkdown, tableText } from '../visualization/table';
import { classColours } from './class-colours';
import { type FingerprintOptions, fingerprints } from './image-fingerprints';
import { progressView } from './progress-view';
import { recordImage } from './record-image';

export interface FindDuplicatesOptions extends DuplicateOptions, FingerprintOptions {}

export interface DuplicateImage {
  split: 'train' | 'val';
  record: ImageRecord;
}

export interface DuplicateGroup {
  images: DuplicateImage[];
  /** Whether all files are equal, byte by byte. */
  exact: boolean;
  /** Whether the group has images of both splits. */
  leak: boolean;
}

const LISTED = 20;

/** Groups of images that are the same or nearly so. */
export class Duplicates extends SavableDisplay {
  protected readonly what: string;

  constructor(
    readonly name: string,
    private readonly colours: ReturnType<typeof classColours>,
    /** Largest groups first. */
    readonly groups: readonly DuplicateGroup[],
    /** Images looked at, and those that could not be read. */
    readonly images: number,
    readonly unreadable: number,
    /** Only groups across splits. */
    private readonly across: boolean,
  ) {
    super();
    this.what = across ? `images of ${name} in both splits` : `duplicates in ${name}`;
  }

  get classes(): readonly string[] {
    return this.colours.classes;
  }

  /** The groups as a gallery, each image with its ground truth. */
  show({ limit = 48, ...drawing }: DrawingOptions = {}): LiveImages {
    const images = this.groups.flatMap(({ images: members, exact }, i) =>
      members.map(({ split, record }) => ({
        ...recordImage(record),
        caption: `${i + 1}${exact ? '' : ' (near)'}, ${split}: ${path.basename(record.path)}`,
      })),
    );
    return new LiveImages(images, { title: this.what, ...this.colours, color: 'class', limit, ...drawing });
  }

  get table(): Table {
    const { groups, images, unreadable, across } = this;
    const extra = groups.reduce((sum, group) => sum + group.images.length - 1, 0);
    const validated = groups.flatMap((group) => group.images).filter(({ split }) => split === 'val').length;
    const found = across
      ? `${counted(validated, 'validation image')} ${validated === 1 ? 'is' : 'are'} also in training: AP on them says little about new images`
      : `${counted(extra, 'image')} more than once, in ${counted(groups.length, 'group')}`;
    const hidden = groups.length - LISTED;
    return {
      title: `${this.what}: ${groups.length === 0 ? 'none' : found}`,
      columns: [{ title: 'group', align: 'right' }, { title: 'kind' }, { title: 'train' }, { title: 'val' }],
      rows: groups.slice(0, LISTED).map((group, i) => {
        const names = (split: string) =>
          group.images.filter((image) => image.split === split).map(({ record }) => path.basename(record.path));
        return [String(i + 1), group.exact ? 'same file' : 'near', names('train').join(', '), names('val').join(', ')];
      }),
      note: [
        `${counted(images, 'image')} compared${unreadable > 0 ? `, ${unreadable} could not be read` : ''}`,
        ...(hidden > 0 ? [`${counted(hidden, 'further group')}: see .groups`] : []),
      ].join('. '),
    };
  }

  protected formats(): Formats {
    const rows = this.groups.flatMap(({ images, exact, leak }, i) =>
      images.map(({ split, record }) => [
        i + 1,
        exact ? 'same file' : 'near',
        String(leak),
        split,
        record.id,
        record.path,
      ]),
    );
    return {
      html: () => this.html(),
      csv: () => csvText(['group', 'kind', 'leak', 'split', 'image id', 'file'], rows),
      json: () =>
        this.groups.map(({ images, exact, leak }) => ({
          exact,
          leak,
          images: images.map(({ split, record }) => ({ split, id: record.id, file: record.path })),
        })),
      txt: () => `${this}\n`,
    };
  }

  private async html(): Promise<string> {
    const { title = '', note = '' } = this.table;
    if (this.groups.length === 0)
      return `<p><b>${escapeHtml(title)}</b><br><span style="opacity:.75">${escapeHtml(note)}</span></p>`;
    return `<div style="overflow-x:auto">${tableHtml(this.table)}</div>\n${await this.show().html()}`;
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': await this.html(),
      'text/markdown': this.groups.length === 0 ? this.toString().replace('\n', '  \n') : tableMarkdown(this.table),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    const { title, note } = this.table;
    return this.groups.length === 0 ? `${title}\n${note}` : tableText(this.table);
  }
}

/** @throws DetLabError when it is interrupted */
export async function findDuplicates(
  name: string,
  splits: { train: Dataset; val?: Dataset },
  { bits, difference, ...options }: FindDuplicatesOptions = {},
  across = false,
): Promise<Duplicates> {
  const images: DuplicateImage[] = [
    ...splits.train.records.map((record) => ({ split: 'train' as const, record })),
    ...(splits.val?.records ?? []).map((record) => ({ split: 'val' as const, record })),
  ];
  const view = progressView(`comparing the images of ${name}`);
  const files = images.map(({ record }) => record.path);
  const onProgress = (done: number, total: number) => {
    view.update(done, total);
    options.onProgress?.(done, total);
  };
  const signal = options.signal ?? notebook()?.signal;
  const prints = await fingerprints(files, { ...options, signal, onProgress }).finally(() => view.close());
  const pairs = duplicatePairs(prints, { bits, difference }).filter(
    ({ pair: [a, b] }) => !across || images[a].split !== images[b].split,
  );
  const unreadable = prints.filter((print) => print === undefined).length;
  return new Duplicates(name, classColours(splits.train), groupsOf(pairs, images), images.length, unreadable, across);
}

function groupsOf(pairs: readonly DuplicatePair[], images: readonly DuplicateImage[]): DuplicateGroup[] {
  const near = new Set(pairs.filter(({ exact }) => !exact).flatMap(({ pair }) => pair));
  return duplicateGroups(pairs).map((members) => ({
    images: members.map((i) => images[i]),
    exact: !members.some((i) => near.has(i)),
    leak: new Set(members.map((i) => images[i].split)).size > 1,
  }));
}
