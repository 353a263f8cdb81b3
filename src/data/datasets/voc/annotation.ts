// A VOC annotation file as it is: objects with the coordinates that are written, the image's size and name. LabelMe's XML is
// read too: polygons instead of boxes, <imagesize> instead of <size>.

import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { BadData } from '../../bad-data';
import { decodeText } from '../../loading/text-encoding';
import type { DataProblem } from '../../types';
import { joinParts } from './label-me-parts';
import { type ObjectBox, readBox } from './object-box';
import { fieldsOf, listOf, numberOf, textOf, type XmlFields } from './xml-fields';

export interface VocObject extends Partial<ObjectBox> {
  name: string;
  difficult: boolean;
  /** What was odd in it but could be read, to follow `Object 1 of "a.xml"`. */
  notes: string[];
  /** Set when the object cannot be used. */
  problem?: { kind: DataProblem['kind']; what: string };
}

export interface VocAnnotation {
  file: string;
  /** As annotated; undefined when that is no size. */
  size?: { width: number; height: number };
  objects: VocObject[];
  /** LabelMe's objects that are marked as deleted. */
  deleted: number;
  /** Names under which the file says that its image is, the best first. */
  imageNames: string[];
  /** <folder>, in which the image is by some conventions. */
  folder: string;
  /** <source><database>, which names the official datasets, and <owner><name>, which names some tools. */
  database: string;
  owner: string;
  /** The encoding in which the file was read, when that is not the declared one. */
  guessedEncoding?: string;
}

// numeric references are how ElementTree writes what is not ASCII
const parser = new XMLParser({ parseTagValue: false, processEntities: true, htmlEntities: true });
const MAX_SIDE = 65_535;

/**
 * Parses the bytes of an annotation file.
 * @throws BadData (`empty-annotation`, `bad-annotation`) when the file as a whole is unusable.
 */
export function readVocAnnotation(bytes: Uint8Array, file: string, id: string): VocAnnotation {
  const { root, guessed } = parse(bytes, file, id);
  const objects = [...listOf(root.object), ...listOf(fieldsOf(root.objects)?.object)].map(fieldsOf);
  const kept = objects.filter((object) => numberOf(object?.deleted) !== 1);
  return {
    file,
    size: readSize(root),
    objects: joinParts(kept.map(readObject), kept),
    deleted: objects.length - kept.length,
    folder: textOf(root.folder),
    imageNames: [root.filename, root.path].map(textOf).filter((name) => name !== ''),
    database: textOf(fieldsOf(root.source)?.database),
    owner: textOf(fieldsOf(root.owner)?.name),
    ...(guessed && { guessedEncoding: guessed }),
  };
}

function parse(bytes: Uint8Array, file: string, id: string): { root: XmlFields; guessed?: string } {
  const bad = (why: string, kind: DataProblem['kind'] = 'bad-annotation') =>
    new BadData({ kind, file, id, lost: 'image', message: `Cannot use annotation "${file}": ${why}` });
  let parsed: XmlFields;
  let guessed: string | undefined;
  try {
    const decoded = decodeText(bytes);
    guessed = decoded.guessed;
    const { text } = decoded;
    if (text.trim() === '') throw bad('the file is empty', 'empty-annotation');
    const valid = XMLValidator.validate(text);
    if (valid !== true) throw bad(`line ${valid.err.line}: ${valid.err.msg}`);
    parsed = parser.parse(text) as XmlFields;
  } catch (error) {
    throw error instanceof BadData ? error : bad((error as Error).message);
  }
  if (!('annotation' in parsed)) {
    const [other = 'none'] = Object.keys(parsed).filter((name) => !name.startsWith('?'));
    const cvat = other === 'annotations' ? ". CVAT's XML has all images in one file: export as Pascal VOC or COCO" : '';
    throw bad(`expected <annotation>, received ${other === 'none' ? other : `<${other}>`}${cvat}`);
  }
  // <annotation/> is an image without objects
  return { root: fieldsOf(parsed.annotation) ?? {}, guessed };
}

function readSize(root: XmlFields): VocAnnotation['size'] {
  const [size, labelMe] = [fieldsOf(root.size), fieldsOf(root.imagesize)];
  const width = Math.trunc(numberOf(size?.width ?? labelMe?.ncols));
  const height = Math.trunc(numberOf(size?.height ?? labelMe?.nrows));
  // a size of 0 (common in hand-made files) or an implausible one is read from the image instead
  return width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE ? { width, height } : undefined;
}

function readObject(object: XmlFields | undefined): VocObject {
  const names = listOf(object?.name).map(textOf);
  const name = (names[0] ?? '').normalize('NFC');
  const notes = names.length > 1 ? [`has ${names.length} names; the first, "${name}", is used`] : [];
  const difficult = readFlag(object?.difficult, notes);
  const found: VocObject = { name, difficult, notes };
  if (!object || name === '')
    return { ...found, problem: { kind: 'unknown-category', what: 'has no <name>; skipped' } };
  const box = readBox(object, notes);
  if ('problem' in box)
    return { ...found, problem: { ...box.problem, what: `(${name}) ${box.problem.what}; skipped` } };
  return { ...found, ...box };
}

/** 0 or 1; also words, which some tools write. */
function readFlag(node: unknown, notes: string[]): boolean {
  const text = textOf(node).toLowerCase();
  if (text === '' || /^(false|no|n|none|null|unspecified)$/.test(text)) return false;
  if (/^(true|yes|y)$/.test(text)) return true;
  const value = Number(text);
  if (Number.isNaN(value)) notes.push(`has <difficult> "${text}", read as 0`);
  return value > 0;
}
