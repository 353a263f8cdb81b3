// Folders in Pascal VOC's layout, also one around it (VOCdevkit): read by `datasets/voc.ts`.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { loadVoc } from '../datasets/voc';
import { VocFolder } from '../datasets/voc/folder';
import { validationSplit } from '../datasets/voc/splits';
import { type Format, ofValidation, selectionOf } from './format';
import type { Place } from './place';

const isVoc = (start: string): boolean => /<annotation[\s>]/.test(start);

export const voc: Format = {
  name: 'voc',
  title: 'VOC',
  takes: [],

  async recognise(place) {
    for (const file of place.samples('.xml'))
      if (isVoc(await place.start(file))) return `"${place.relative(file)}" has an <annotation>`;
    return undefined;
  },

  async open(place, options) {
    if (place.file)
      throw new DetLabError(`Cannot load "${place.file}" as VOC: expected the folder of the data set, received a file`);
    const folder = new VocFolder(rootOf(place));
    const { train, val } = options;
    const name = options.name ?? path.basename(folder.root);
    const trainData = await loadVoc(folder, { ...selectionOf(options), split: train, name });
    const split = val ?? validationSplit(folder);
    if (split === undefined) return { name, train: trainData };
    const valData = await loadVoc(folder, {
      ...ofValidation(options, trainData.classes),
      split,
      name: `${name} val`,
    });
    return { name, train: trainData, val: valData };
  },
};

/** The folder that has `Annotations`, which may be a deeper one: VOCdevkit/VOC2007. */
function rootOf(place: Place): string {
  const [first] = place.samples('.xml');
  const parts = first === undefined ? [] : path.relative(place.root, first).split(path.sep);
  const at = parts.findIndex((part) => /^annotations?$/i.test(part));
  return at > 0 ? path.join(place.root, ...parts.slice(0, at)) : place.root;
}
