// Folders of images without ground truth: to be predicted on, browsed or searched for duplicates.

import path from 'node:path';
import { DetLabError } from '../../errors';
import type { AnnotatedImage } from './annotated-image';
import type { Format } from './format';
import { partsOf, splitOf } from './parts';
import { Place } from './place';

export const imageFolder: Format = {
  name: 'images',
  title: 'a folder of images without ground truth',
  takes: ['images'],
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
    return { parts: partsOf(found, [whole.root]) };
  },
};
