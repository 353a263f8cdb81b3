// The splits of a VOC folder: lists of ids in ImageSets/Main, or sub-folders of annotations (train, valid, test).

import path from 'node:path';
import { DetLabError, didYouMean } from '../../../errors';
import { LIMITS, readBounded } from '../../loading/bounded-read';
import { decodeText } from '../../loading/text-encoding';
import { filesBelow, withoutExtension } from './file-tree';
import type { VocFolder } from './folder';
import type { VocReport } from './report';
import { isSplit, TRAINING_SPLITS, VALIDATION_SPLITS } from './split-names';

interface SplitLists {
  /** Paths of the lists by their names. */
  lists: ReadonlyMap<string, string>;
  /** Names of sub-folders of annotations, where there are no lists. */
  folders: string[];
}

function splitsOf({ root, files }: VocFolder): SplitLists {
  for (const place of ['ImageSets/Main', 'ImageSets']) {
    const found = filesBelow(path.join(root, place), ['.txt'], 0);
    if (found.length > 0) return { lists: new Map(found.map(({ stem, path: file }) => [stem, file])), folders: [] };
  }
  const first = [...files.keys()].filter((id) => id.includes('/')).map((id) => id.split('/')[0]);
  return { lists: new Map(), folders: [...new Set(first)].filter(isSplit) };
}

/** Whether lists say which images there are. */
export const isListed = (folder: VocFolder): boolean => splitsOf(folder).lists.size > 0;

/** The name of the validation split, if the folder has one. */
export function validationSplit(folder: VocFolder): string | undefined {
  const { lists, folders } = splitsOf(folder);
  const names = [...lists.keys(), ...folders];
  return VALIDATION_SPLITS.map((usual) => names.find((name) => name.toLowerCase() === usual)).find(Boolean);
}

/**
 * The ids of a split in the order of its list; without any list or folder of splits, every annotation.
 *
 * @param split default `train`, or the only list
 * @throws DetLabError for a split that is not there
 */
export async function readSplit(folder: VocFolder, split: string | undefined, report: VocReport): Promise<string[]> {
  const { lists, folders } = splitsOf(folder);
  const all = [...folder.files.keys()];
  const known = lists.size > 0 ? [...lists.keys()] : folders;
  const name = split ?? defaultSplit(known, report);
  if (known.length === 0) {
    if (!TRAINING_SPLITS.includes(name))
      throw new DetLabError(`Cannot load split "${name}" of "${folder.root}": it has no ImageSets/Main/${name}.txt`);
    return all;
  }
  if (!known.includes(name))
    throw new DetLabError(
      `Cannot load split "${name}" of "${folder.root}": it is not in ${lists.size > 0 ? 'ImageSets/Main' : 'the folder'}.` +
        `${didYouMean(name, known)} Known: ${known.sort().join(', ')}`,
    );
  const list = lists.get(name);
  if (list !== undefined) return readList(list, folder, report);
  const outside = all.filter((id) => !folders.some((split) => id.startsWith(`${split}/`)));
  report.notice(
    `its splits are the folders ${folders.sort().join(', ')}` +
      (outside.length > 0
        ? `; ${outside.length} annotations outside of them are not used, such as "${outside[0]}.xml"`
        : ''),
  );
  return all.filter((id) => id.startsWith(`${name}/`));
}

/** `train`, or the only list that is not one of a class (`cat_train`), as CVAT's `default`. */
function defaultSplit(known: readonly string[], report: VocReport): string {
  const whole = known.filter((name) => !/_(train|val|trainval|test)$/.test(name));
  const training = whole.find((name) => TRAINING_SPLITS.includes(name.toLowerCase()));
  if (training !== undefined || whole.length !== 1) return training ?? 'train';
  report.notice(`"${whole[0]}" is its only list: it is used for training`);
  return whole[0];
}

async function readList(file: string, folder: VocFolder, report: VocReport): Promise<string[]> {
  const { text, guessed } = decodeText(await readBounded(file, LIMITS.list));
  if (guessed) report.notice(`${path.basename(file)} is not in UTF-8; read as ${guessed}`);
  const lines = text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0) throw new DetLabError(`Cannot load "${folder.root}": its list "${file}" is empty`);
  const names = new ListedNames(folder);
  const ids = lines.map((line) => names.idOf(line));
  if (names.guessed)
    report.notice(
      `${path.basename(file)}: ${names.guessed.count} annotations are found under another name, such as ` +
        `"${names.guessed.line}" as "${names.guessed.id}.xml"`,
    );
  const distinct = [...new Set(ids)];
  if (distinct.length < ids.length)
    report.notice(
      `${path.basename(file)} lists ${ids.length - distinct.length} of its images again; each is used once`,
    );
  return distinct;
}

/** What lines of lists mean: the first of several readings for which there is an annotation. */
class ListedNames {
  private lastParts?: Map<string, string | undefined>;
  private folded?: Map<string, string | undefined>;
  /** Lines that are nearly the name of an annotation: how many, and the first. */
  guessed?: { count: number; line: string; id: string };

  constructor(private readonly folder: VocFolder) {}

  idOf(line: string): string {
    const { files } = this.folder;
    const readings = readingsOf(line);
    const exact = readings.find((id) => files.has(id));
    if (exact !== undefined) return exact;
    this.lastParts ??= uniqueKeys([...files.keys()], lastPart);
    this.folded ??= uniqueKeys([...files.keys()], fold);
    for (const id of readings) {
      const found = this.lastParts.get(lastPart(id)) ?? this.folded.get(fold(id));
      if (found === undefined) continue;
      this.guessed = { ...(this.guessed ?? { line, id: found }), count: (this.guessed?.count ?? 0) + 1 };
      return found;
    }
    // for the message: VOC aligns its second column, "a  1" and "a -1"
    return withoutExtension(line.replace(/\s+(\s[01]|-1)$/, ''));
  }
}

/** The whole line; without VOC's second column (-1, 0, 1); each without quotes and without the extension of a file. */
function readingsOf(line: string): string[] {
  const wholes = [line, line.replace(/\s+(-1|[01])$/, '')];
  const plain = wholes.flatMap((name) => [name, name.replace(/^(["'])(.*)\1$/, '$2')]);
  const slashed = plain.map((name) => name.replaceAll('\\', '/').replace(/^\.\//, ''));
  return [...new Set([...slashed, ...slashed.map(withoutExtension)])];
}

const lastPart = (id: string) => path.posix.basename(id);
const fold = (id: string) => id.normalize('NFC').toLowerCase();

/** Each id by a key; undefined for a key of several. */
function uniqueKeys(ids: readonly string[], keyOf: (id: string) => string): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const id of ids) found.set(keyOf(id), found.has(keyOf(id)) ? undefined : id);
  return found;
}
