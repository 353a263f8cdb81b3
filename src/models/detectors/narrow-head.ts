// Kind `dense_head` holds heads on feature levels, first stages, and heads on queries. A detector takes those that fit
// its place; any other is refused when the model is built.

import type { BuiltOf } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { QueryHead } from '../dense-heads/query-head';
import type { DetectionHead, ProposalHead } from '../types';

type DenseHead = BuiltOf<'dense_head'>;

/** Path of the head in the config, and its type name. */
export interface HeadPlace {
  path: string;
  type: string;
}

const DETECTION = ['forward', 'loss', 'predict'];
const PROPOSAL = [...DETECTION, 'lossAndPredict'];

/** Why a head does not fit; undefined where it does. */
function misfit(head: DenseHead, methods: readonly string[]): string | undefined {
  if (head instanceof QueryHead) return 'it reads the queries of a decoder, not feature levels';
  const missing = methods.find((method) => typeof Reflect.get(head, method) !== 'function');
  return missing && `it has no ${missing}`;
}

const detects = (head: DenseHead): head is DetectionHead => misfit(head, DETECTION) === undefined;
const proposes = (head: DenseHead): head is ProposalHead => misfit(head, PROPOSAL) === undefined;

/** @throws DetLabError for a head that does not detect from feature levels */
export function detectionHead(head: DenseHead, { path, type }: HeadPlace): DetectionHead {
  if (detects(head)) return head;
  throw new DetLabError(
    `Cannot build the detector: ${path} must be a dense head on feature levels, received "${type}": ` +
      `${misfit(head, DETECTION)}. Use one such as RetinaHead or FCOSHead`,
  );
}

/** @throws DetLabError for a head that cannot be a first stage */
export function proposalHead(head: DenseHead, { path, type }: HeadPlace): ProposalHead {
  if (proposes(head)) return head;
  throw new DetLabError(
    `Cannot build the detector: ${path} must be a dense head that proposes regions, received "${type}": ` +
      `${misfit(head, PROPOSAL)}. Use RPNHead`,
  );
}
