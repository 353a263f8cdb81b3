// Who reads the PNG files of semantic and panoptic maps: Node (data/node-platform.ts). Elsewhere there are none.

import { DetLabError } from '../../errors';
import type { SemanticMap } from '../../masks';

/** Ids of segments, row-major. */
interface IdMap {
  data: Int32Array;
  width: number;
  height: number;
}

interface MapReaders {
  semantic(file: string): SemanticMap;
  ids(file: string): IdMap;
}

let readers: MapReaders | undefined;

export function installMapReaders(given: MapReaders): void {
  readers = given;
}

/** @throws DetLabError where files cannot be read */
export function readSemanticMap(file: string): SemanticMap {
  if (readers) return readers.semantic(file);
  throw noReader('semantic', file, 'with_seg');
}

/** @throws DetLabError where files cannot be read */
export function readIdMap(file: string): IdMap {
  if (readers) return readers.ids(file);
  throw noReader('panoptic', file, 'LoadPanopticAnnotations');
}

const noReader = (kind: string, file: string, step: string): DetLabError =>
  new DetLabError(`Cannot read the ${kind} map "${file}": there is no reader of files here. Leave out ${step}`);
