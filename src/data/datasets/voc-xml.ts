// Parses a VOC annotation file: image size and objects.

import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { BadData } from '../bad-data';
import type { DataProblem } from '../types';

export interface VocObject {
  name: string;
  difficult: boolean;
  /** xyxy, 0-based. */
  bbox: [number, number, number, number];
  /** Set when the object cannot be used; the other fields are then meaningless. */
  problem?: { kind: DataProblem['kind']; what: string };
}

export interface VocAnnotation {
  file: string;
  size?: { width: number; height: number };
  objects: VocObject[];
}

const parser = new XMLParser({
  parseTagValue: false,
  processEntities: true,
  isArray: (_name, path) => path === 'annotation.object',
});
const MAX_SIDE = 65_535;

/**
 * Parses the XML of an annotation file.
 * @throws BadData (`empty-annotation`, `bad-annotation`) when the file as a whole is unusable.
 */
export function readVocXml(text: string, file: string, id: string): VocAnnotation {
  if (text.trim() === '') throw bad('empty-annotation', file, id, 'the file is empty');
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw bad('bad-annotation', file, id, `line ${valid.err.line}: ${valid.err.msg}`);
  let root: Record<string, unknown> | undefined;
  try {
    root = fields((parser.parse(text) as Record<string, unknown>).annotation);
  } catch (error) {
    throw bad('bad-annotation', file, id, (error as Error).message);
  }
  if (!root) throw bad('bad-annotation', file, id, 'expected <annotation>, received none');
  const objects = Array.isArray(root.object) ? root.object.map(readObject) : [];
  return { file, size: readSize(root.size), objects };
}

function readSize(node: unknown): VocAnnotation['size'] {
  const size = fields(node);
  const width = Math.trunc(numberOf(size?.width));
  const height = Math.trunc(numberOf(size?.height));
  // a size of 0 (common in hand-made files) or an implausible one is read from the image instead
  return width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE ? { width, height } : undefined;
}

function readObject(node: unknown): VocObject {
  const object = fields(node);
  const name = typeof object?.name === 'string' ? object.name.trim() : '';
  const box = fields(object?.bndbox);
  const bbox = ['xmin', 'ymin', 'xmax', 'ymax'].map((key) => Math.trunc(numberOf(box?.[key])) - 1) as VocObject['bbox'];
  const difficult = Number(object?.difficult ?? 0) > 0;
  if (!name) return { name, difficult, bbox, problem: { kind: 'unknown-category', what: 'has no <name>' } };
  if (!box) return { name, difficult, bbox, problem: { kind: 'empty-annotation', what: `(${name}) has no <bndbox>` } };
  if (bbox.some((value) => !Number.isFinite(value)))
    return {
      name,
      difficult,
      bbox,
      problem: { kind: 'bad-annotation', what: `(${name}) has a <bndbox> without four numbers` },
    };
  return { name, difficult, bbox };
}

function fields(node: unknown): Record<string, unknown> | undefined {
  return typeof node === 'object' && node !== null ? (node as Record<string, unknown>) : undefined;
}

function numberOf(node: unknown): number {
  return typeof node === 'string' && node.trim() !== '' ? Number(node) : Number.NaN;
}

function bad(kind: DataProblem['kind'], file: string, id: string, why: string): BadData {
  return new BadData({ kind, file, id, message: `Cannot use annotation "${file}": ${why}` });
}
