// Positional encodings: the position of a feature on its map.

import type { AnyDefinition } from '../../../catalogue/registry';
import { learnedPositionalEncodingDefinition } from './learned-positional-encoding';
import { sinePositionalEncodingDefinition } from './sine-positional-encoding';

export { LearnedPositionalEncoding } from './learned-positional-encoding';
export { type SineOptions, SinePositionalEncoding, sineOptions, sinePairs } from './sine-positional-encoding';

export const positionalEncodings = [
  sinePositionalEncodingDefinition,
  learnedPositionalEncodingDefinition,
] as const satisfies readonly AnyDefinition[];
