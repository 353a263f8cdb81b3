// What describes a YOLO data set: data.yaml (Ultralytics, Roboflow, FiftyOne), Darknet's obj.data (CVAT, Datumaro), or a list of
// class names alone (Label Studio's and labelImg's classes.txt, obj.names).

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, isTypo, nameOfValue } from '../../../errors';
import { fieldsOf, nameOf } from '../../datasets/coco/fields';
import { LIMITS } from '../../loading/bounded-read';
import { numberedLines, type Place, readJsonValue, readText } from '../place';
import type { ReadReport } from '../read-report';
import { yaml } from '../yaml';
import { resolveEntry } from './resolve-entry';

export interface DataFile {
  /** The file that describes the data set. */
  file?: string;
  /** Class names by id; undefined when nothing names them. */
  names?: Map<number, string>;
  /** What the splits are: folders, lists of images, images. Empty: to be found. */
  splits: Map<string, string[]>;
  /** Folders that the paths of `splits` may be relative to, the right one first. */
  roots: string[];
  keypoints?: [number, number];
}

const SPLITS: Record<string, string> = { train: 'train', val: 'val', valid: 'val', validation: 'val', test: 'test' };

/** Whether YAML describes a YOLO data set. */
export const isDataYaml = (text: string): boolean =>
  /^(names|nc)\s*:/m.test(text) &&
  (/^(train|val|valid|validation|test|path|nc)\s*:/m.test(text) || /^names\s*:/m.test(text));

/** @throws DetLabError for a file that cannot be used */
export async function readDataFile(place: Place, report: ReadReport): Promise<DataFile> {
  const yamls: string[] = [];
  for (const { path: file } of place.files('.yaml', '.yml')) if (isDataYaml(await place.start(file))) yamls.push(file);
  const [yaml, ...others] = yamls.sort((a, b) => depth(a) - depth(b));
  if (others.length > 0 && depth(others[0]) === depth(yaml))
    report.notice(`"${place.relative(yaml)}" is used, "${place.relative(others[0])}" is not`);
  if (yaml !== undefined) return readYaml(yaml, place, report);
  const [darknet] = place.files('.data');
  if (darknet !== undefined) return readDarknet(darknet.path, place, report);
  const names = await listedNames(place.folder, report);
  return { ...names, splits: new Map(), roots: [place.root] };
}

const depth = (file: string): number => file.split(path.sep).length;

async function readYaml(file: string, place: Place, report: ReadReport): Promise<DataFile> {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(await readText(file, report, LIMITS.xml), { lineCounter: lines });
  const [error] = document.errors;
  if (error)
    throw new DetLabError(
      `Cannot use "${file}": line ${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`,
    );
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    throw new DetLabError(`Cannot use "${file}": ${(cause as Error).message}`);
  }
  const fields = fieldsOf(value);
  if (!fields)
    throw new DetLabError(`Cannot use "${file}": expected names, train and val, received ${nameOfValue(value)}`);
  const splits = splitsOf(fields, file);
  for (const key of Object.keys(fields)) {
    const meant = ['train', 'valid', 'names'].find((name) => key !== name && !(name in fields) && isTypo(key, name));
    if (meant && !(key in SPLITS))
      report.notice(`"${path.basename(file)}" has the key "${key}", which is not read: did you mean "${meant}"?`);
  }
  return {
    file,
    names: namesOf(fields, file, report),
    splits,
    roots: rootsOf(fields.path, file, place, report),
    keypoints: keypointsOf(fields.kpt_shape, file),
  };
}

function splitsOf(fields: Record<string, unknown>, file: string): Map<string, string[]> {
  const splits = new Map<string, string[]>();
  for (const [key, split] of Object.entries(SPLITS)) {
    const given = fields[key];
    if (given === undefined || given === null || given === '' || splits.has(split)) continue;
    const entries = Array.isArray(given) ? given : [given];
    const wrong = entries.find((entry) => typeof entry !== 'string' || entry === '');
    if (wrong !== undefined)
      throw new DetLabError(
        `Cannot use ${key} of "${file}": expected a folder, a list of images (.txt) or several of them, received ${nameOfValue(wrong)}`,
      );
    splits.set(split, entries as string[]);
  }
  return splits;
}

/** A list, or ids as keys; without names those that Ultralytics gives to `nc` classes. */
function namesOf(fields: Record<string, unknown>, file: string, report: ReadReport): Map<number, string> {
  const { names, nc } = fields;
  const found = new Map<number, string>();
  const entries = Array.isArray(names) ? [...names.entries()] : Object.entries(fieldsOf(names) ?? {});
  for (const [key, given] of entries) {
    const id = Number(key);
    const name = nameOf(given) ?? (typeof given === 'boolean' ? String(given) : undefined);
    if (!Number.isInteger(id) || id < 0)
      throw new DetLabError(`Cannot use names of "${file}": expected class ids from 0 as keys, received "${key}"`);
    if (name === undefined)
      throw new DetLabError(
        `Cannot use names of "${file}": expected a name for class ${id}, received ${nameOfValue(given)}`,
      );
    found.set(id, name);
  }
  if (found.size === 0 && names !== undefined && names !== null && !Array.isArray(names) && !fieldsOf(names))
    throw new DetLabError(
      `Cannot use names of "${file}": expected a list or ids and names, received ${nameOfValue(names)}`,
    );
  if (typeof nc === 'number' && found.size > 0 && nc !== found.size)
    report.notice(`"${path.basename(file)}" has nc: ${nc} and ${found.size} names; the names are used`);
  if (found.size === 0 && typeof nc === 'number' && Number.isInteger(nc) && nc > 0 && nc < 1e5) {
    for (let id = 0; id < nc; id++) found.set(id, `class_${id}`);
    report.notice(`"${path.basename(file)}" names no classes; they are called class_0 to class_${nc - 1}`);
  }
  if (found.size > 0) return new Map([...found].sort(([a], [b]) => a - b));
  throw new DetLabError(`Cannot use "${file}": it names no classes. Write names: [cat, dog]`);
}

/** `path` as Ultralytics reads it, else the folder of the file. */
function rootsOf(given: unknown, file: string, place: Place, report: ReadReport): string[] {
  const own = path.dirname(file);
  const around = [own, place.root, path.dirname(own)];
  if (typeof given !== 'string' || given.trim() === '') return around;
  const named = path.resolve(own, given);
  if (existsSync(named)) return [named, ...around];
  if (existsSync(path.resolve(given))) return [path.resolve(given), ...around];
  report.notice(`path "${given}" of "${path.basename(file)}" is not there; its folders are looked for beside the file`);
  return around;
}

function keypointsOf(given: unknown, file: string): [number, number] | undefined {
  if (given === undefined || given === null) return undefined;
  const valid = Array.isArray(given) && given.length === 2 && given.every((n) => Number.isInteger(n) && n > 0);
  if (valid) return given as [number, number];
  throw new DetLabError(
    `Cannot use kpt_shape of "${file}": expected [keypoints, 2 or 3], received ${JSON.stringify(given)}`,
  );
}

/** `train = data/train.txt`, `names = data/obj.names`. */
async function readDarknet(file: string, place: Place, report: ReadReport): Promise<DataFile> {
  const splits = new Map<string, string[]>();
  const fields = new Map<string, string>();
  for (const { line } of numberedLines(await readText(file, report))) {
    const [, key, value] = /^(\w+)\s*=\s*(.+)$/.exec(line) ?? [];
    if (key === undefined) continue;
    fields.set(key, value);
    if (key in SPLITS) splits.set(SPLITS[key], [value]);
  }
  const roots = [path.dirname(file), place.root, path.dirname(path.dirname(file))];
  const names =
    (await namesAt(fields.get('names'), { file, roots }, report)) ?? (await listedNames(place.folder, report)).names;
  const count = Number(fields.get('classes') ?? names?.size);
  if (names && count !== names.size)
    report.notice(
      `"${path.basename(file)}" has classes = ${fields.get('classes')} and ${names.size} names; the names are used`,
    );
  return { names, file, splits, roots };
}

/** The names of the list that Darknet's file names; undefined where it has none, or none is there. */
async function namesAt(
  given: string | undefined,
  from: Pick<DataFile, 'file' | 'roots'>,
  report: ReadReport,
): Promise<Map<number, string> | undefined> {
  if (given === undefined) return undefined;
  const list = resolveEntry(given, from, report);
  const names = list !== undefined && statSync(list).isFile() ? await namesIn(list, report) : undefined;
  if (!names)
    report.notice(
      `names "${given}" of "${path.basename(from.file ?? '')}" is not there or empty; another list is looked for`,
    );
  return names;
}

async function namesIn(list: string, report: ReadReport): Promise<Map<number, string> | undefined> {
  const lines = numberedLines(await readText(list, report));
  const last = lines.at(-1);
  if (!last) return undefined;
  const names = new Map(Array.from({ length: last.number }, (_, id) => [id, String(id)]));
  for (const { line, number } of lines) names.set(number - 1, line);
  if (lines.length < names.size)
    report.notice(
      `"${path.basename(list)}" has ${names.size - lines.length} empty lines among its names: a line is an id, so they are called by their ids`,
    );
  return names;
}

/** The list of class names that is nearest to the top: obj.names, classes.txt, Roboflow's and V7's darknet.labels. */
export function nameList(place: Place): string | undefined {
  const lists = place
    .files('.names', '.labels', '.txt')
    .filter(
      ({ path: file, extension }) => extension !== '.txt' || /^(predefined_)?classes\.txt$/i.test(path.basename(file)),
    );
  return lists.sort((a, b) => depth(a.path) - depth(b.path))[0]?.path;
}

/** Names one a line, or Label Studio's notes.json. */
async function listedNames(place: Place, report: ReadReport): Promise<Pick<DataFile, 'names' | 'file'>> {
  const list = nameList(place);
  const names = list === undefined ? undefined : await namesIn(list, report);
  if (names) return { file: list, names };
  const notes = place.files('.json').find(({ path: file }) => path.basename(file) === 'notes.json');
  if (!notes) return {};
  const categories = fieldsOf(await readJsonValue(notes.path, report))?.categories;
  const named = (Array.isArray(categories) ? categories : []).map(fieldsOf);
  const byId = new Map<number, string>();
  for (const entry of named) {
    const name = nameOf(entry?.name);
    if (name !== undefined && Number.isInteger(entry?.id)) byId.set(entry!.id as number, name);
  }
  return byId.size > 0 ? { file: notes.path, names: byId } : {};
}
