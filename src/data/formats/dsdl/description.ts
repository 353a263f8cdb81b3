// The YAML file of a DSDL data set with what it imports and the files of its samples. Nothing of it is executed. A sample-path that
// names nothing is an error, where the dsdl package has a data set without images; a list of them is relative to the file, not to the
// working directory.

import { statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, nameOfValue } from '../../../errors';
import { fieldsOf, nameOf } from '../../datasets/coco/fields';
import { filesBelow } from '../../datasets/voc/file-tree';
import { LIMITS } from '../../loading/bounded-read';
import { readJsonValue, readText } from '../place';
import type { ReadReport } from '../read-report';
import { yaml } from '../yaml';
import { type Definitions, define, type FieldPath, fieldPaths } from './definitions';
import { parseType } from './type-expression';

type Fields = Record<string, unknown>;

export interface Description {
  file: string;
  /** Of a sample, in order. */
  fields: FieldPath[];
  definitions: Definitions;
  samples: PlacedSample[];
}
/** A sample and where it is: the file, `samples/3`. */
export interface PlacedSample {
  value: Fields;
  file: string;
  key: string;
}

/** @throws DetLabError naming the file and the key */
export async function readDescription(file: string, report: ReadReport): Promise<Description> {
  const root = await readYaml(file, report);
  const data = fieldsOf(root.data);
  const sampleType = nameOf(data?.['sample-type']);
  if (!data || sampleType === undefined || root['$dsdl-version'] === undefined)
    throw new DetLabError(
      `Cannot use "${file}" as a DSDL data set: expected $dsdl-version and data with sample-type, received the keys ${Object.keys(root).join(', ') || 'of an empty file'}`,
    );
  const definitions: Definitions = { domains: new Map(), structs: new Map() };
  for (const name of importsOf(root.$import, file)) {
    const library = importedFile(name, file);
    const imported = await readYaml(library, report);
    define(definitions, fieldsOf(imported.defs) ?? imported, library);
  }
  define(definitions, fieldsOf(root.defs) ?? {}, file);
  const type = parseType(sampleType, `"${file}", data.sample-type`);
  const fields = fieldPaths(definitions, type, file);
  return { file, fields, definitions, samples: await readSamples(data, file, report) };
}

async function readYaml(file: string, report: ReadReport): Promise<Fields> {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(await readText(file, report, LIMITS.json), { lineCounter: lines, logLevel: 'error' });
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
  if (!fields) throw new DetLabError(`Cannot use "${file}": expected keys and values, received ${nameOfValue(value)}`);
  return fields;
}

function importsOf(given: unknown, file: string): string[] {
  if (given === undefined || given === null) return [];
  return (Array.isArray(given) ? given : [given]).map((name, i) => {
    const found = nameOf(name);
    if (found !== undefined) return found.trim();
    throw new DetLabError(
      `Cannot use "${file}", $import[${i}]: expected the name of a file without .yaml, received ${nameOfValue(name)}`,
    );
  });
}

const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

/** Beside the file, or in `defs` beside its folder. */
function importedFile(name: string, file: string): string {
  const folder = path.dirname(file);
  const places = [folder, path.join(folder, '../defs')].map((at) => path.resolve(at, `${name}.yaml`));
  const found = places.find(isFile);
  if (found !== undefined) return found;
  throw new DetLabError(
    `Cannot use "${file}", $import "${name}": there is neither ${places.map((place) => `"${place}"`).join(' nor ')}`,
  );
}

const EXTENSIONS = ['.json', '.yaml', '.yml'];

async function readSamples(data: Fields, file: string, report: ReadReport): Promise<PlacedSample[]> {
  const given = data['sample-path'];
  if (given === undefined || given === null || given === 'local' || given === '$local')
    return samplesOf(data.samples, file, 'data/samples', report);
  const found: PlacedSample[] = [];
  for (const source of (Array.isArray(given) ? given : [given]).flatMap((one) => sourceFiles(one, file))) {
    const value = source.endsWith('.json')
      ? fieldsOf(await readJsonValue(source, report))
      : await readYaml(source, report);
    found.push(...samplesOf(value?.samples, source, 'samples', report));
  }
  return found;
}

/** The file of samples, or those of a folder. */
function sourceFiles(given: unknown, file: string): string[] {
  const name = nameOf(given);
  const full = name === undefined ? undefined : path.resolve(path.dirname(file), name);
  const stat = full === undefined ? undefined : statSync(full, { throwIfNoEntry: false });
  if (full !== undefined && stat?.isFile() && EXTENSIONS.includes(path.extname(full).toLowerCase())) return [full];
  const within = full !== undefined && stat?.isDirectory() ? filesBelow(full, EXTENSIONS) : [];
  if (within.length > 0) return within.map(({ path: one }) => one).sort();
  throw new DetLabError(
    `Cannot use "${file}", data.sample-path: expected a file (.json, .yaml) of samples or a folder of them, received ${nameOfValue(given)}` +
      (full === undefined ? '' : `: "${full}" ${stat ? 'is none' : 'does not exist'}`),
  );
}

function samplesOf(given: unknown, file: string, key: string, report: ReadReport): PlacedSample[] {
  const list = Array.isArray(given) ? given : fieldsOf(given) ? [given] : undefined;
  if (!list)
    throw new DetLabError(`Cannot use "${file}", ${key}: expected a list of samples, received ${nameOfValue(given)}`);
  return list.flatMap((sample, i): PlacedSample[] => {
    const value = fieldsOf(sample);
    if (value) return [{ value, file, key: `${key}/${i}` }];
    report.problem('bad-annotation', file, `Key ${key}/${i} of "${file}"`, 'is no sample; skipped', 'image');
    return [];
  });
}
