// Folders of images without ground truth: to be predicted on, browsed or searched for duplicates.

import path from 'node:path';
import { DetLabError } from '../../errors';
import type { AnnotatedImage } from './annotated-image';
import type { Format } from './format';
import { partsOf, splitOf } from './parts';
import { Place } from './place';

/** Files that tools keep annotations in, and text that is none. */
const ANNOTATIONS = [
  '.json',
  '.jsonl',
  '.ndjson',
  '.xml',
  '.txt',
  '.csv',
  '.tsv',
  '.yaml',
  '.yml',
  '.pkl',
  '.mat',
  '.parquet',
  '.tfrecord',
  '.record',
  '.manifest',
];
const TEXT = /^(readme|licen[cs]e|requirements)/i;

export const imageFolder: Format = {
  name: 'images',
  title: 'a folder of images without ground truth',
  takes: ['images'],
  listsImages: true,
  general: true,

  async recognise(place) {
    if (place.file) return undefined;
    const { images } = place;
    return images.length > 0
      ? `it has ${images.length.toLocaleString('en')} images and no annotations that are known`
      : undefined;
  },

  async read(place, { images }, report) {
    const whole = images === undefined ? place.folder : new Place(place.given(images, 'images'));
    const found = whole.images.map(({ path: file, stem }): readonly [string, AnnotatedImage] => [
      splitOf(stem),
      { path: file, names: [file], file, objects: [] },
    ]);
    if (found.length === 0) throw new DetLabError(`Cannot open "${whole.path}": it has no images`);
    const folders = new Set(whole.images.map(({ path: file }) => path.dirname(file)));
    report.notice(
      `${found.length.toLocaleString('en')} images in ${folders.size} ${folders.size === 1 ? 'folder' : 'folders'}, without ground truth`,
    );
    const others = whole.files(...ANNOTATIONS).filter(({ path: file }) => !TEXT.test(path.basename(file)));
    if (others.length > 0)
      report.notice(
        `${others.length === 1 ? '1 file beside them is' : `${others.length.toLocaleString('en')} files beside them are`} in no format ` +
          `of annotations that is known, such as "${others[0].path}": not read`,
      );
    return { parts: partsOf(found, [whole.root]) };
  },
};
