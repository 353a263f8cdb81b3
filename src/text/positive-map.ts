// Which tokens of a caption describe each label.

import type { EncodedText } from './bert-tokenizer';
import type { Span } from './prompts';

/** The nearest character at or after (before) one that a token covers: white space has none. */
function tokenNear(encoded: EncodedText, character: number, step: 1 | -1): number | undefined {
  for (let i = 0; i < 3; i++) {
    const token = encoded.tokenAt(character + step * i);
    if (token !== undefined) return token;
  }
  return undefined;
}

/**
 * The tokens of each label, rising; those beyond `maxTokens` are left out.
 *
 * @example positiveTokens(tokenizer.encode('cat. hot dog.'), [[[0, 3]], [[5, 12]]], 256) // [[1], [3, 4]]
 */
export function positiveTokens(
  encoded: EncodedText,
  spans: readonly (readonly Span[])[],
  maxTokens: number,
): number[][] {
  return spans.map((parts) => {
    const tokens = new Set<number>();
    for (const [start, end] of parts) {
      const first = tokenNear(encoded, start, 1);
      const last = tokenNear(encoded, end - 1, -1);
      if (first === undefined || last === undefined) continue;
      for (let token = first; token <= Math.min(last, maxTokens - 1); token++) tokens.add(token);
    }
    return [...tokens].sort((a, b) => a - b);
  });
}
