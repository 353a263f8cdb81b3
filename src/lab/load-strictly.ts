// Loads weights of which every tensor must match, and reads the metadata of what DetLab saved.

import { loadWeights } from '../checkpoints/load-weights';
import type { Weights } from '../checkpoints/read-weights';
import type { ConfigObject } from '../config/data';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';

/** @throws DetLabError when a tensor is missing, unexpected or of another shape, with the likely cause */
export function loadStrictly(detector: Detector, weights: Weights): void {
  const report = loadWeights(detector, weights);
  const shapes = report.mismatched.map((m) => `${m.name}: expected [${m.expected}], received [${m.received}]`);
  const mismatches = [
    ...shapes,
    ...report.missing.map((name) => `${name} is missing`),
    ...report.unexpected.map((name) => `${name} is not in the model`),
  ];
  if (mismatches.length > 0)
    throw new DetLabError(
      `Cannot load "${weights.source}": ${mismatches.length} tensors do not match the config: ${mismatches.slice(0, 3).join('; ')}` +
        report.causes.map((cause) => `\n  likely cause: ${cause}`).join(''),
    );
}

/** The config and classes of a file saved by DetLab; undefined for other files. */
export function metaOf({
  detlab,
}: Pick<Weights, 'detlab'>):
  | { name: string; classes: string[]; config: ConfigObject; threshold?: unknown }
  | undefined {
  try {
    const meta = JSON.parse(detlab ?? 'null');
    return meta && Array.isArray(meta.classes) && typeof meta.config === 'object' ? meta : undefined;
  } catch {
    return undefined;
  }
}
