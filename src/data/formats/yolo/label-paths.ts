// The label file of an image: where Ultralytics looks (the last `images` of its path as `labels`), beside it, or in the folder of
// labels by its place in the folder of images; where the whole data set is laid out otherwise, the only one of its name.

import path from 'node:path';
import { ImageFolder, unescaped } from '../../datasets/image-folder';
import { filesBelow, type TreeFile } from '../../datasets/voc/file-tree';
import type { Place } from '../place';

/** Text files of YOLO data sets that are no labels, unless an image has the same name (image1.jpg). */
const OTHER =
  /^(readme.*|license.*|(predefined_)?classes|labels|names|(train|val|valid|test|trainval|images?)(_?list|_?paths|\d*)?|_darknet\.labels)$/i;

const baseOf = (stem: string): string => path.posix.basename(stem);

/** All label files: those of the named folder, or of the whole place. */
export class LabelFiles {
  readonly files: readonly TreeFile[];
  private readonly listings = new Map<string, ImageFolder>();
  readonly root: string;

  constructor(place: Place, named?: string) {
    this.root = named === undefined ? place.root : place.given(named, 'labels');
    const all = named === undefined ? place.files('.txt') : filesBelow(this.root, ['.txt']);
    const others = all.filter(({ stem }) => OTHER.test(baseOf(stem)));
    const images = new Set(others.length > 0 ? place.images.map(({ stem }) => baseOf(stem)) : []);
    this.files = all.filter(({ stem }) => !OTHER.test(baseOf(stem)) || images.has(baseOf(stem)));
  }

  /** The label file that belongs to an image by its path. */
  of(image: string): string | undefined {
    const stem = withoutExtension(image);
    return this.candidates(stem).find((file) => this.has(file));
  }

  private has(file: string): boolean {
    const folder = path.dirname(file);
    let listing = this.listings.get(folder);
    if (!listing) {
      listing = new ImageFolder(folder);
      this.listings.set(folder, listing);
    }
    return listing.has(file);
  }

  private candidates(stem: string): string[] {
    const parts = stem.split(path.sep);
    const at = parts.findLastIndex((part, i) => /^(images|image|img|imgs)$/i.test(part) && i < parts.length - 1);
    const swapped = at < 0 ? [] : ['labels', 'label', 'txt'].map((name) => parts.with(at, name).join(path.sep));
    // as deep below the folder of labels as below that of images
    const ends = parts.map((_, i) => parts.slice(parts.length - 1 - i).join(path.sep)).slice(0, 4);
    const within = [...ends.reverse()].map((end) => path.join(this.root, end));
    return [...swapped, stem, ...within].map((file) => `${file}.txt`);
  }

  /**
   * Label files of images that none belongs to by its path: those that no other image has, by their names alone, also with percent
   * escapes (Label Studio names labels after addresses, in one folder). Where some are by their paths, folders must not contradict.
   */
  byName(images: readonly string[], used: ReadonlySet<string>): (string | undefined)[] {
    const free = new Map<string, string[]>();
    for (const { path: file, stem } of this.files)
      if (!used.has(file)) free.set(keyOf(stem), [...(free.get(keyOf(stem)) ?? []), file]);
    const keys = images.map((name) => keyOf(withoutExtension(name.replaceAll('\\', '/'))));
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return keys.map((key, i) => {
      const [file, ...others] = free.get(key) ?? [];
      if (file === undefined || others.length > 0 || counts.get(key) !== 1) return undefined;
      return used.size === 0 || this.agrees(file, images[i]) ? file : undefined;
    });
  }

  /** Whether the folders of a label file below that of labels are none, or those of the image. */
  private agrees(file: string, image: string): boolean {
    const parts = path.relative(this.root, path.dirname(file)).split(path.sep);
    const below = parts.slice(parts.findLastIndex((part) => LABEL_FOLDER.test(part)) + 1).join('/');
    return below === '' || `/${path.posix.dirname(image.replaceAll('\\', '/'))}`.endsWith(`/${below}`);
  }
}

const LABEL_FOLDER = /^(labels?|txt|annotations?)$/i;

const withoutExtension = (name: string): string => name.slice(0, name.length - path.extname(name).length);

const keyOf = (stem: string): string => unescaped(baseOf(stem)).normalize('NFC').toLowerCase();
