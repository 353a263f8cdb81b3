// Builds the assigner of a head, and refuses one that the head cannot serve: when the model is built, not in its first
// iteration.

import type { BuildContext, ModuleConfig } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { fitting, PRIOR_FORMS } from '../prior-forms';
import type { Assigner, AssignerContract, AssignResultPart, PredictionPart, PriorForm } from '../types';

/** What a head offers its assigner, and what it reads of the result. */
export interface AssignerOffer {
  /** Class name, for messages. */
  head: string;
  /** Form of its priors; none where queries are matched. */
  priors?: PriorForm;
  /** Parts of its predictions that it passes where the assigner needs them. */
  predictions?: readonly PredictionPart[];
  /** Whether it gives the boxes that a prior may become (guided anchors). */
  approxs?: boolean;
  /** Whether it has one square anchor a cell, and says where. */
  squares?: boolean;
  /** Whether it predicts several objects a prior. */
  several?: boolean;
  /** Whether its boxes are rotated. */
  rotated?: boolean;
  /** Parts of the result without which its losses cannot be computed. */
  reads?: readonly AssignResultPart[];
}

/**
 * @example buildAssigner(config.train_cfg.assigner, { registry, path }, { head: 'RetinaHead', priors: 'boxes' })
 * @throws DetLabError that names both sides and the assigners that fit, when what the assigner needs is not offered.
 */
export function buildAssigner(
  config: ModuleConfig,
  { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
  offer: AssignerOffer,
): Assigner {
  const assigner = registry.build('assigner', config, { path });
  const mismatch = mismatchOf(assigner, offer);
  if (!mismatch) return assigner;
  const { type } = registry.get('assigner', config.type);
  const types = registry.contracts('assigner').flatMap(([name, other]) => (mismatchOf(other, offer) ? [] : [name]));
  const reason = mismatch(types.includes(type) ? `${type} with these options` : type);
  throw new DetLabError(
    `Cannot use ${type} in ${offer.head} at ${path}: ${reason}. ${fitting('Assigners', offer.head, types)}`,
  );
}

/** Why they do not go together, once the assigner is named; nothing if they do. */
function mismatchOf({ needs, gives }: AssignerContract, offer: AssignerOffer): ((type: string) => string) | undefined {
  const { head, priors, predictions = [], reads = [] } = offer;
  const form = needs.priors;
  // cells are boxes too
  if (form && form !== priors && !(form === 'boxes' && priors === 'cells'))
    return (type) =>
      `${type} needs ${PRIOR_FORMS[form]} as priors, ${head} has ${priors ? PRIOR_FORMS[priors] : 'none'}`;
  if (needs.approxs && !offer.approxs)
    return (type) => `${type} compares the boxes that a guided anchor may become, ${head} has anchors of fixed sizes`;
  if (needs.squares && !offer.squares)
    return (type) => `${type} assigns to cells with one square anchor each, which ${head} does not have`;
  if ((needs.several ?? false) !== (offer.several ?? false))
    return (type) =>
      needs.several
        ? `${type} assigns several objects to a prior, ${head} predicts one`
        : `${type} assigns one object to a prior, ${head} predicts several`;
  if (needs.rotated !== 'optional' && (needs.rotated ?? false) !== (offer.rotated ?? false))
    return (type) =>
      needs.rotated
        ? `${type} compares rotated boxes, those of ${head} are upright. Use another iou_calculator`
        : `${type} compares upright boxes, those of ${head} are rotated (iou_calculator: { type: 'RBboxOverlaps2D' } is for such)`;
  const missing = (needs.predictions ?? []).filter((part) => !predictions.includes(part));
  if (missing.length > 0)
    return (type) =>
      `${type} reads ${missing.join(' and ')} of the predictions, ${head} gives ${predictions.join(', ') || 'none'}`;
  const unfilled = reads.filter((part) => !gives.includes(part));
  if (unfilled.length > 0)
    return (type) =>
      `${head} reads ${unfilled.join(' and ')} of the assignment, ${type} gives ${gives.join(', ') || 'the labels alone'}`;
  return undefined;
}
