// Positional encodings: the position of a feature on its map.

import type { AnyDefinition } from '../../../catalogue/registry';
import { learnedPositionalEncodingDefinition } from './learned-positional-encoding';
import { sinePositionalEncodingDefinition } from './sine-positional-encoding';
import { sinePositionalEncoding3DDefinition } from './sine-positional-encoding-3d';

export { LearnedPositionalEncoding } from './learned-positional-encoding';
export { type SineOptions, SinePositionalEncoding, sineOptions, sinePairs } from './sine-positional-encoding';
export { SinePositionalEncoding3D } from './sine-positional-encoding-3d';

export const positionalEncodings = [
  sinePositionalEncodingDefinition,
  sinePositionalEncoding3DDefinition,
  learnedPositionalEncodingDefinition,
] as const satisfies readonly AnyDefinition[];
