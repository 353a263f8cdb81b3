// DSDL (OpenDataLab): a YAML file of each split, with definitions of structs and classes that it imports and samples in JSON. Fields
// named iscrowd, difficult and isgroupof are what they are called; config files name them (`DSDLDetDataset`, specific_key_path).

import path from 'node:path';
import { DetLabError } from '../../errors';
import type { AnnotatedPart } from './annotated-image';
import { written } from './dsdl/definitions';
import { type Description, readDescription } from './dsdl/description';
import { type KeyPaths, readImages } from './dsdl/images';
import type { Format } from './format';
import { splitName } from './parts';
import type { ReadReport } from './read-report';

const isDsdl = (start: string): boolean =>
  /^["']?\$dsdl-version["']?\s*:/m.test(start) && /\bsample-type["']?\s*:/.test(start);

const FLAGS: Record<string, readonly string[]> = {
  ignore_flag: ['iscrowd', 'is_crowd', 'difficult'],
  is_group_of: ['isgroupof', 'is_group_of'],
};

export const dsdl: Format = {
  name: 'dsdl',
  title: 'DSDL',
  takes: ['images'],
  listsImages: true,

  async recognise(place) {
    for (const file of place.samples('.yaml', '.yml'))
      if (isDsdl(await place.start(file))) return `"${place.relative(file)}" has $dsdl-version and sample-type`;
    return undefined;
  },

  async read(place, { images }, report) {
    const parts: AnnotatedPart[] = [];
    const classes: string[] = [];
    for (const { path: file } of place.files('.yaml', '.yml')) {
      if (!isDsdl(await place.start(file))) continue;
      const description = await readDescription(file, report);
      const options = { paths: flagPaths(description, report), where: 'a field', imageLabels: false, hierarchy: false };
      const read = readImages(description, { ...options, polygons: true }, report);
      for (const name of read.labels.classes) if (!classes.includes(name)) classes.push(name);
      const folders = images === undefined ? imageFolders(file) : place.folder.imageFolders(images);
      parts.push({ name: splitName(path.basename(file, path.extname(file))), images: read.images, folders });
    }
    if (parts.length === 0)
      throw new DetLabError(`Cannot load "${place.path}" as DSDL: no YAML file has $dsdl-version and sample-type`);
    return { parts, classes };
  },
};

/** Around DATA/dsdl/set-train/train.yaml: DATA/original, where OpenDataLab's images are, and DATA. */
export const imageFolders = (file: string): string[] => {
  const root = path.resolve(path.dirname(file), '../..');
  return [path.join(root, 'original'), root, path.dirname(file)];
};

/** The fields beside boxes that are flags by their names, which are said. */
function flagPaths({ fields }: Description, report: ReadReport): KeyPaths {
  const found = Object.entries(FLAGS).flatMap(([key, names]) => {
    const field = fields.find(({ segments }) => names.includes(segments.at(-1)!.toLowerCase()));
    if (!field) return [];
    const meaning =
      key === 'is_group_of' ? 'groups' : /crowd/i.test(field.segments.at(-1)!) ? 'crowds' : 'ignored objects';
    report.notice(`${written(field.segments)} marks ${meaning}`);
    return [[key, written(field.segments)] as const];
  });
  return Object.fromEntries(found);
}
