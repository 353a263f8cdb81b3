// Detections of a dense head's candidates in the graph, by the rule of the head. A new rule is another function here.

import { DetLabError } from '../../errors';
import type { Selection } from '../../models/dense-heads/selection';
import type { NmsConfig } from '../../ops';
import { isFixed } from '../alignment';
import { exactSigmoid } from '../exact-sigmoid';
import type { LoweringContext } from '../lowering';
import { fastSuppressed } from './fast-suppression';
import { bestClasses, DROPPED, type GraphCandidates, type Pairs, selectPairs } from './pairs';
import { votedBoxes } from './score-voting';
import { detectionTable, type GraphDetections } from './suppression';

type Rule = (candidates: GraphCandidates, cfg: Selection['cfg'], context: LoweringContext) => Pairs;

/** Below every logit. */
const NOWHERE = -3e38;

const everyLevel = ({ levels }: GraphCandidates) => levels[0].map((_, t) => levels.reduce((sum, n) => sum + n[t], 0));

const byLevel: Rule = (candidates, { score_thr = 0, nms_pre = -1 }, context) =>
  selectPairs(candidates, candidates.levels, { threshold: score_thr, limit: nms_pre }, context);

const allLevels: Rule = (candidates, { score_thr = 0, nms_pre = -1, multi_label = true }, context) => {
  const groups = [everyLevel(candidates)];
  const options = { threshold: score_thr, limit: nms_pre };
  if (multi_label && candidates.classes > 1) return selectPairs(candidates, groups, options, context);
  const best = bestClasses(candidates, context);
  const { graph } = context;
  // the label of each prior travels as a factor would
  const labels = graph.node('Unsqueeze', [graph.node('Cast', [best.labels], { to: 1 }), graph.ints([2])]);
  const joined = graph.node('Concat', [candidates.boxes, labels], { axis: 2 });
  const one = { ...candidates, scores: best.scores, columns: 1, classes: 1, boxes: joined };
  const pairs = selectPairs(one, groups, options, context);
  const cut = (from: number, to: number) =>
    graph.node('Slice', [pairs.boxes, graph.ints([from]), graph.ints([to]), graph.ints([2]), graph.ints([1])]);
  const width = candidates.rotated ? 5 : 4;
  const label = graph.node('Squeeze', [cut(width, width + 1), graph.ints([2])]);
  return { ...pairs, boxes: cut(0, width), labels: graph.node('Cast', [label], { to: 7 }) };
};

const bestClass: Rule = (candidates, { score_thr = 0 }, context) => {
  const { graph } = context;
  const { scores, labels } = bestClasses(candidates, context);
  const joint = candidates.factors ? graph.node('Mul', [scores, candidates.factors]) : scores;
  const flat = graph.node('Squeeze', [joint, graph.ints([2])]);
  const reached = graph.node('GreaterOrEqual', [flat, graph.float(Math.fround(score_thr))]);
  const kept = graph.node('Where', [reached, flat, graph.float(DROPPED)]);
  return {
    boxes: candidates.boxes,
    scores: kept,
    labels,
    priors: candidates.priors,
    count: everyLevel(candidates),
  };
};

const objects: Rule = (candidates, cfg, context) => {
  const { graph } = context;
  const { conf_thr = 0 } = cfg;
  const { factors, scores } = candidates;
  if (conf_thr <= 0 || !factors) return allLevels(candidates, cfg, context);
  const object = graph.node('GreaterOrEqual', [factors, graph.float(Math.fround(conf_thr))]);
  const kept = graph.node('Where', [object, scores, graph.float(DROPPED)]);
  return allLevels({ ...candidates, scores: kept }, { ...cfg, multi_label: true }, context);
};

/** By logit, as sigmoids of large logits are equal; labels are 0, and the levels are what NMS keeps apart. A logit of minus infinity is no proposal. */
const proposals: Rule = ({ scores, columns, boxes, levels }, cfg, { graph, dimensions }) => {
  const { nms_pre = -1, nms_post, nms_across_levels } = cfg;
  if (nms_across_levels || (nms_post !== undefined && nms_post < (cfg.max_per_img ?? Number.POSITIVE_INFINITY)))
    throw new DetLabError('nms_post and nms_across_levels have no form in ONNX. Set them to null');
  const column = (c: number) => graph.node('Gather', [scores, graph.constant([c], [], 'int64')], { axis: 2 });
  // of two columns, the lead over the background
  const logits = columns === 1 ? column(0) : graph.node('Sub', [column(0), column(1)]);
  const cut = (value: string): string[] =>
    levels.length === 1 ? [value] : graph.nodeOf('Split', [value, dimensions.list(levels)], { axis: 1 }, levels.length);
  const [logitsOf, boxesOf] = [cut(logits), cut(boxes)];
  const parts = levels.map((priors, level) => {
    const count = priors.map((n) => (nms_pre > 0 ? Math.min(n, nms_pre) : n));
    const all = { best: logitsOf[level], boxes: boxesOf[level] };
    if (nms_pre > 0 && !(isFixed(priors) && priors[0] <= nms_pre)) {
      const k = isFixed(priors)
        ? graph.ints([count[0]])
        : graph.node('Min', [dimensions.size(priors), graph.ints([nms_pre])]);
      const [best, index] = graph.nodeOf('TopK', [all.best, k], { axis: 1, largest: 1, sorted: 1 }, 2);
      const at = graph.node('Unsqueeze', [index, graph.ints([2])]);
      Object.assign(all, { best, boxes: graph.node('GatherND', [all.boxes, at], { batch_dims: 1 }) });
    }
    const shape = graph.node('Shape', [all.best]);
    return { ...all, count, id: graph.node('Expand', [graph.constant([level], [], 'int64'), shape]) };
  });
  const join = (values: string[]) => (values.length === 1 ? values[0] : graph.node('Concat', values, { axis: 1 }));
  const best = join(parts.map((part) => part.best));
  const located = graph.node('Greater', [best, graph.float(NOWHERE)]);
  return {
    boxes: join(parts.map((part) => part.boxes)),
    scores: graph.node('Where', [located, exactSigmoid(best, graph), graph.float(DROPPED)]),
    labels: graph.node('Expand', [graph.constant([0], [], 'int64'), graph.node('Shape', [best])]),
    ids: join(parts.map((part) => part.id)),
    count: parts[0].count.map((_, t) => parts.reduce((sum, part) => sum + part.count[t], 0)),
  };
};

/** The best priors of each level by their best class; their scores are products with the factors. */
function bestOfLevels(
  candidates: GraphCandidates,
  { nms_pre = -1 }: Selection['cfg'],
  context: LoweringContext,
): GraphCandidates {
  const { graph, dimensions } = context;
  const { levels } = candidates;
  const factor = candidates.factors;
  const scores = factor ? graph.node('Mul', [candidates.scores, factor]) : candidates.scores;
  const joint = { ...candidates, scores, factors: undefined };
  if (nms_pre <= 0 || levels.every((priors) => isFixed(priors) && priors[0] <= nms_pre)) return joint;
  const cut = (value: string): string[] =>
    levels.length === 1 ? [value] : graph.nodeOf('Split', [value, dimensions.list(levels)], { axis: 1 }, levels.length);
  const [scoresOf, boxesOf, bestOf] = [cut(scores), cut(joint.boxes), cut(bestClasses(joint, context).scores)];
  const priorsOf = joint.priors ? cut(joint.priors) : [];
  const parts = levels.map((priors, level) => {
    const kept = priors.map((n) => Math.min(n, nms_pre));
    const k = isFixed(priors)
      ? graph.ints([kept[0]])
      : graph.node('Min', [dimensions.size(priors), graph.ints([nms_pre])]);
    const best = graph.node('Squeeze', [bestOf[level], graph.ints([2])]);
    const [, index] = graph.nodeOf('TopK', [best, k], { axis: 1, largest: 1, sorted: 1 }, 2);
    const at = graph.node('Unsqueeze', [index, graph.ints([2])]);
    const take = (value: string) => graph.node('GatherND', [value, at], { batch_dims: 1 });
    return {
      scores: take(scoresOf[level]),
      boxes: take(boxesOf[level]),
      priors: joint.priors && take(priorsOf[level]),
      kept,
    };
  });
  const join = (values: string[]) => (values.length === 1 ? values[0] : graph.node('Concat', values, { axis: 1 }));
  const best = {
    ...joint,
    scores: join(parts.map((part) => part.scores)),
    boxes: join(parts.map((part) => part.boxes)),
    priors: joint.priors && join(parts.map((part) => part.priors!)),
    levels: parts.map(({ kept }) => kept),
  };
  dimensions.add(everyLevel(best), best.scores, 1);
  return best;
}

const everyPair: Rule = (candidates, { score_thr = 0 }, context) =>
  selectPairs(candidates, [everyLevel(candidates)], { threshold: score_thr, limit: -1 }, context);

/** All pairs above the threshold of the best priors. */
const bestPriors: Rule = (candidates, cfg, context) => everyPair(bestOfLevels(candidates, cfg, context), cfg, context);

/** Of the same priors, whose boxes are compared by class. */
const fastNms: Rule = (candidates, cfg, context) => {
  const best = bestOfLevels(candidates, cfg, context);
  const { score_thr: threshold = 0, iou_thr: overlap = 0.5, top_k: limit = 200 } = cfg;
  return fastSuppressed(best, everyLevel(best), { threshold, overlap, limit }, context);
};

const RULES: Record<Exclude<Selection['rule'], 'voted priors'>, Rule> = {
  'by level': byLevel,
  'all levels': allLevels,
  'best class': bestClass,
  objects,
  'best priors': bestPriors,
  'fast NMS': fastNms,
  proposals,
  'located proposals': proposals,
};

/**
 * @param frame whose pixels sizes of boxes are in
 * @throws DetLabError for settings that have no form in ONNX
 */
export function selectDetections(
  candidates: GraphCandidates,
  { rule, cfg }: Selection,
  context: LoweringContext,
  frame: 'original' | 'input' = 'original',
): GraphDetections {
  const { min_bbox_size: minSize = -1, max_per_img: limit = -1, nms } = cfg;
  if (minSize > 0 && frame === 'original')
    throw new DetLabError(
      `min_bbox_size ${minSize} is in pixels of the original image, which the network does not know. Set it to -1, or save with { nms: false }`,
    );
  const suppression = { nms: nms as NmsConfig | null, limit, minSize };
  if (rule !== 'voted priors') return detectionTable(RULES[rule](candidates, cfg, context), suppression, context);
  const voters = bestOfLevels(candidates, cfg, context);
  const detections = detectionTable(everyPair(voters, cfg, context), suppression, context);
  return votedBoxes(detections, voters, cfg.score_thr ?? 0, context);
}
