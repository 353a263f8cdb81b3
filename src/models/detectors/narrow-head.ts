// Kind `dense_head` holds heads on feature levels, first stages, and heads on queries; kind `mask_head` those of RoI heads and
// those of single-stage detectors. A detector takes those that fit its place; any other is refused when the model is built.

import type { BuiltOf } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { QueryHead } from '../dense-heads/query-head';
import type { DetectionHead, InstanceHead, InstanceMaskHead, ProposalHead } from '../types';

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

const hasMethods = (head: object, methods: readonly string[]) =>
  methods.every((method) => typeof Reflect.get(head, method) === 'function');
const findsInstances = (head: DenseHead): head is DenseHead & InstanceHead =>
  hasMethods(head, ['lossAndInstances', 'predictInstances']);
const masksInstances = (head: BuiltOf<'mask_head'>): head is BuiltOf<'mask_head'> & InstanceMaskHead =>
  hasMethods(head, ['forward', 'loss', 'predict']);

/** @throws DetLabError for a head that predicts no parameters of masks */
export function instanceHead(head: DenseHead, { path, type }: HeadPlace): InstanceHead {
  if (findsInstances(head)) return head;
  throw new DetLabError(
    `Cannot build the detector: ${path} must be a dense head that predicts parameters of masks, received "${type}". ` +
      'Use one such as CondInstBboxHead or YOLACTHead',
  );
}

/** @throws DetLabError for a mask head on RoIs */
export function instanceMaskHead(head: BuiltOf<'mask_head'>, { path, type }: HeadPlace): InstanceMaskHead {
  if (masksInstances(head)) return head;
  throw new DetLabError(
    `Cannot build the detector: ${path} must be a mask head on feature levels, received "${type}", which reads pooled RoIs. ` +
      'Use one such as SOLOHead or CondInstMaskHead',
  );
}

/**
 * Both heads of a single-stage detector with masks must agree on who finds instances, and on the parameters of their masks.
 * @throws DetLabError naming both sides
 */
export function checkInstanceHeads(
  bbox: (HeadPlace & { head: InstanceHead }) | undefined,
  mask: HeadPlace & { head: InstanceMaskHead },
): void {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build the detector: ${what}`);
  };
  const { numParameters: count } = mask.head;
  if (count === undefined && bbox)
    fail(
      `${mask.type} at ${mask.path} finds instances by itself, but ${bbox.path} is "${bbox.type}". Leave bbox_head out`,
    );
  if (count !== undefined && !bbox)
    fail(
      `${mask.type} at ${mask.path} reads the instances of a bbox_head, but there is none. Add one such as CondInstBboxHead`,
    );
  if (bbox && bbox.head.numParameters !== count)
    fail(
      `${bbox.type} at ${bbox.path} predicts ${bbox.head.numParameters} parameters of a mask, but ${mask.type} at ` +
        `${mask.path} reads ${count}. Make both equal`,
    );
  const { numClasses } = mask.head;
  if (bbox && numClasses !== undefined && numClasses !== bbox.head.numClasses)
    fail(
      `${bbox.path} has ${bbox.head.numClasses} classes, ${mask.path} has ${numClasses}. Leave both num_classes out`,
    );
}
