// The content of a COCO file: images and categories as parsed, annotations as a table. The file is read entry by entry; one
// that is written unusually (UTF-16, a list twice) is parsed whole, if it is not too large for that.

import { stat } from 'node:fs/promises';
import { DetLabError, nameOfValue } from '../../../errors';
import { LIMITS } from '../../loading/bounded-read';
import { absentNotice, encodingNotice, notJson, readJson } from '../../loading/json-file';
import { type JsonLists, LISTED, NotListed, readJsonLists } from '../../loading/json-lists';
import { AnnotationTable } from './annotation-table';
import { fieldsOf } from './fields';

export interface CocoContent {
  images: unknown[];
  annotations: AnnotationTable;
  categories: unknown[];
  /** How the file deviates from JSON, one sentence each. */
  notices: string[];
}

const LISTS = ['categories', 'annotations', 'images'] as const;

/**
 * @param bytes read at a time
 * @throws DetLabError when there is no such file, or it is not JSON or lacks one of the lists
 */
export async function readContent(file: string, bytes?: number): Promise<CocoContent> {
  let read: Omit<CocoContent, 'notices'> | undefined;
  const readers = () => {
    const [images, categories]: unknown[][] = [[], []];
    read = { images, categories, annotations: new AnnotationTable() };
    return {
      images: { parsed: (entry: unknown) => void images.push(entry) },
      categories: { parsed: (entry: unknown) => void categories.push(entry) },
      annotations: read.annotations,
    };
  };
  let found: JsonLists;
  try {
    found = await readJsonLists(file, readers, bytes);
  } catch (error) {
    if (error instanceof NotListed) return await readWhole(file, error);
    if (['ENOENT', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return await readWhole(file);
    throw error;
  }
  for (const key of LISTS) {
    const value = found.keys.get(key);
    if (value !== LISTED) throw notList(file, key, value);
  }
  return {
    ...read!,
    notices: [
      ...(found.encoding === 'utf8' ? [] : [encodingNotice(file)]),
      ...(found.absent > 0 ? [absentNotice(file, found.absent)] : []),
    ],
  };
}

/** @param cause why it cannot be read entry by entry */
async function readWhole(file: string, cause?: NotListed): Promise<CocoContent> {
  if (cause && (await stat(file)).size > LIMITS.json) throw notJson(file, cause.why);
  const { json, notices } = await readJson(file, 'annotation file');
  const content = fieldsOf(json);
  if (!content)
    throw new DetLabError(
      `Cannot use "${file}" as a COCO annotation file: expected an object with images, annotations and categories`,
    );
  const [categories, annotations, images] = LISTS.map((key) => {
    const value = content[key];
    if (!Array.isArray(value)) throw notList(file, key, value);
    return value as unknown[];
  });
  return { images, annotations: AnnotationTable.of(annotations), categories, notices };
}

const notList = (file: string, key: string, value: unknown): DetLabError =>
  new DetLabError(
    `Cannot use "${file}" as a COCO annotation file: expected a list "${key}", received ${value === undefined ? 'nothing' : nameOfValue(value)}`,
  );
