// Who reads the files of semantic maps: Node (data/node-platform.ts). Elsewhere there are none.

import { DetLabError } from '../../errors';
import type { SemanticMap } from '../semantic-map';

let reader: ((file: string) => SemanticMap) | undefined;

/** Has `read` read the PNG files of semantic maps. */
export function installSemanticReader(read: (file: string) => SemanticMap): void {
  reader = read;
}

/** @throws DetLabError where files cannot be read */
export function readSemanticMap(file: string): SemanticMap {
  if (reader) return reader(file);
  throw new DetLabError(`Cannot read the semantic map "${file}": there is no reader of files here. Leave out with_seg`);
}
