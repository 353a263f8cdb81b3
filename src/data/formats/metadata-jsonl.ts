// Folders of images with metadata.jsonl, as Hugging Face's imagefolder reads them: a JSON object a line with file_name and objects,
// whose boxes are [x, y, width, height] in pixels, as in COCO. Names of classes are those of the folder's README.md, if it has any.

import path from 'node:path';
import { DetLabError, nameOfValue } from '../../errors';
import { fieldsOf, flagOf, nameOf, numberOf } from '../datasets/coco/fields';
import { LIMITS } from '../loading/bounded-read';
import type { AnnotatedImage, AnnotatedObject } from './annotated-image';
import type { Format } from './format';
import { partsOf, splitOf } from './parts';
import { numberedLines, type Place, readText } from './place';
import type { ReadReport } from './read-report';
import { yaml } from './yaml';

type Fields = Record<string, unknown>;
const BOXES = ['bbox', 'bboxes', 'boxes'];
const LABELS = ['category', 'categories', 'label', 'labels', 'class', 'classes', 'category_id'];

export const metadataJsonl: Format = {
  name: 'metadata',
  title: 'a folder with metadata.jsonl',
  takes: ['images'],

  async recognise(place) {
    const file = place
      .files('.jsonl')
      .find(({ path: found }) => path.basename(found) === 'metadata.jsonl' || place.file === found);
    return file && /"file_name"\s*:/.test(await place.start(file.path))
      ? `"${place.relative(file.path)}" has file_name`
      : undefined;
  },

  async read(place, { images, classes }, report) {
    const names = (await declaredNames(place.folder, report)) ?? classes;
    const found: (readonly [string, AnnotatedImage])[] = [];
    const folders = new Set<string>();
    for (const { path: file, stem } of place.files('.jsonl')) {
      folders.add(path.dirname(file));
      for (const { line, number } of numberedLines(await readText(file, report, LIMITS.json))) {
        const image = readLine(line, `Line ${number} of "${file}"`, file, names, report);
        if (image) found.push([splitOf(stem), { ...image, path: path.resolve(path.dirname(file), image.names[0]) }]);
      }
    }
    nameUnlabelled(found, report);
    if (found.length === 0)
      throw new DetLabError(`Cannot load "${place.path}": it has no metadata.jsonl with file_name`);
    const numbered = found.some(([, { objects }]) => objects.some(({ name }) => /^\d+$/.test(name)));
    if (numbered)
      report.notice('its classes are numbers, for which nothing gives names: { classes: [...] }, the first is 0');
    const around = place.folder.imageFolders(images, [...folders]);
    return { parts: partsOf(found, around), classes: names && [...names] };
  },
};

/** Boxes of a data set without categories are of the class `object`; where some have one, those without are problems. */
function nameUnlabelled(found: readonly (readonly [string, AnnotatedImage])[], report: ReadReport): void {
  const labelled = found.some(([, { objects }]) => objects.some(({ name }) => name !== ''));
  for (const [, image] of found)
    image.objects = image.objects.flatMap((object) => {
      if (object.name !== '') return [object];
      if (!labelled) return [{ ...object, name: 'object' }];
      const place = `${object.place.charAt(0).toUpperCase()}${object.place.slice(1)}`;
      report.problem('unknown-category', image.file, place, 'has no category, which others have; skipped');
      return [];
    });
}

/** The class names of README.md's dataset_info: `class_label: {names: {'0': cat}}`. */
async function declaredNames(place: Place, report: ReadReport): Promise<string[] | undefined> {
  const readme = place.folder.files('.md').find(({ path: file }) => path.basename(file) === 'README.md');
  if (!readme) return undefined;
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(await readText(readme.path, report))?.[1];
  if (head === undefined) return undefined;
  let found: Fields | undefined;
  const visit = (value: unknown, depth: number): void => {
    if (found || depth > 20 || typeof value !== 'object' || value === null) return;
    const label = fieldsOf((value as Fields).class_label);
    if (label?.names !== undefined) found = { names: label.names };
    else for (const inner of Object.values(value)) visit(inner, depth + 1);
  };
  try {
    visit(yaml().parse(head), 0);
  } catch {
    report.notice(`"${path.basename(readme.path)}" begins with what is no YAML; class names are not read from it`);
  }
  const names = found && Object.values(found.names as object).map(nameOf);
  return names?.every((name) => name !== undefined) ? (names as string[]) : undefined;
}

function readLine(
  line: string,
  place: string,
  file: string,
  names: readonly string[] | undefined,
  report: ReadReport,
): AnnotatedImage | undefined {
  const bad = (what: string): undefined =>
    report.problem('bad-annotation', file, place, `${what}; skipped`, 'image') as undefined;
  let fields: Fields | undefined;
  try {
    fields = fieldsOf(JSON.parse(line));
  } catch (error) {
    return bad(`is no JSON: ${(error as Error).message}`);
  }
  const name = nameOf(fields?.file_name);
  if (!fields || name === undefined) return bad('has no file_name');
  const [width, height] = [numberOf(fields.width), numberOf(fields.height)];
  const size = width && height ? { width, height } : undefined;
  const objects = listObjects(fields).flatMap((object, i) => {
    const read = readObject(object, names);
    if (typeof read !== 'string')
      return [{ ...read, place: `Object ${i + 1} of ${place.charAt(0).toLowerCase()}${place.slice(1)}` }];
    const kind = read.startsWith('has the category') ? 'unknown-category' : 'bad-annotation';
    report.problem(kind, file, `Object ${i + 1} of ${place}`, `${read}; skipped`);
    return [];
  });
  return { names: [name], file, size, objects };
}

/** Columns of lists, as datasets keeps them, or a list of objects. */
function listObjects(fields: Fields): Fields[] {
  const given = fields.objects ?? fields.annotations ?? fields;
  if (Array.isArray(given)) return given.map((object) => fieldsOf(object) ?? {});
  const columns = fieldsOf(given);
  const key = columns && BOXES.find((name) => Array.isArray(columns[name]));
  if (!columns || key === undefined) return [];
  return (columns[key] as unknown[]).map((bbox, i) => {
    const row: Fields = { bbox };
    for (const [name, column] of Object.entries(columns))
      if (name !== key && Array.isArray(column)) row[name] = column[i];
    return row;
  });
}

/** An object, without name where it has no category; or why it is none. */
function readObject(object: Fields, names: readonly string[] | undefined): Omit<AnnotatedObject, 'place'> | string {
  const given = BOXES.map((key) => object[key]).find((value) => value !== undefined);
  const box = Array.isArray(given) && given.length === 4 ? given.map(numberOf) : [];
  if (box.length !== 4 || box.some((value) => value === undefined))
    return `has the bbox ${nameOfValue(given)}: expected [x, y, width, height]`;
  const [x, y, w, h] = box as number[];
  const key =
    LABELS.find((name) => object[name] !== undefined && object[name] !== null) ?? LABELS.find((name) => name in object);
  const label = key === undefined ? undefined : object[key];
  const name = key === undefined ? '' : nameOf(label);
  if (name === undefined) return `has the category ${nameOfValue(label)}`;
  const id = Number(name);
  const known = typeof label === 'number' && names ? names[id] : name;
  if (known === undefined) return `has the category ${id}, of ${names?.length} names`;
  return { name: known, box: [x, y, x + w, y + h], ...(flagOf(object.iscrowd) && { crowd: true }) };
}
