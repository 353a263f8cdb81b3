// The predictions that an assigner reads. What heads give is checked when a model is built (build-assigner.ts); this guards
// direct calls.

import { DetLabError } from '../../../errors';
import type { AssignInput, PredictionPart, Predictions } from '../types';

export type Given<P extends PredictionPart> = Predictions & Required<Pick<Predictions, P>>;

/** @throws DetLabError when a part is missing. */
export function predictionsOf<P extends PredictionPart>(
  assigner: string,
  { predictions }: Pick<AssignInput, 'predictions'>,
  parts: readonly P[],
): Given<P> {
  const has = (given: Predictions): given is Given<P> => parts.every((part) => given[part] !== undefined);
  if (predictions && has(predictions)) return predictions;
  const missing = parts.filter((part) => predictions?.[part] === undefined);
  throw new DetLabError(
    `Cannot assign with ${assigner}: expected predictions with ${parts.join(' and ')}, received none of ${missing.join(' and ')}. ` +
      'Pass them in AssignInput.predictions',
  );
}
