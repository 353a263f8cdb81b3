// Detections of a dense head's candidates in the graph, by the rule of the head. A new rule is another function here.

import { DetLabError } from '../../errors';
import type { Selection } from '../../models/dense-heads/selection';
import type { NmsConfig } from '../../ops';
import type { LoweringContext } from '../lowering';
import { bestClasses, DROPPED, type GraphCandidates, type Pairs, selectPairs } from './pairs';
import { detectionTable, type GraphDetections } from './suppression';

type Rule = (candidates: GraphCandidates, cfg: Selection['cfg'], context: LoweringContext) => Pairs;

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
  const label = graph.node('Squeeze', [cut(4, 5), graph.ints([2])]);
  return { ...pairs, boxes: cut(0, 4), labels: graph.node('Cast', [label], { to: 7 }) };
};

const bestClass: Rule = (candidates, { score_thr = 0 }, context) => {
  const { graph } = context;
  const { scores, labels } = bestClasses(candidates, context);
  const joint = candidates.factors ? graph.node('Mul', [scores, candidates.factors]) : scores;
  const flat = graph.node('Squeeze', [joint, graph.ints([2])]);
  const reached = graph.node('GreaterOrEqual', [flat, graph.float(Math.fround(score_thr))]);
  const kept = graph.node('Where', [reached, flat, graph.float(DROPPED)]);
  return { boxes: candidates.boxes, scores: kept, labels, count: everyLevel(candidates) };
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

const RULES: Partial<Record<Selection['rule'], Rule>> = {
  'by level': byLevel,
  'all levels': allLevels,
  'best class': bestClass,
  objects,
};

/** @throws DetLabError for settings that have no form in ONNX */
export function selectDetections(
  candidates: GraphCandidates,
  { rule, cfg }: Selection,
  context: LoweringContext,
): GraphDetections {
  const select = RULES[rule];
  if (!select)
    throw new DetLabError(`detections selected by the rule "${rule}" have no form in ONNX. Save with { nms: false }`);
  const { min_bbox_size: minSize = -1, max_per_img: limit = -1, nms } = cfg;
  if (minSize > 0)
    throw new DetLabError(
      `min_bbox_size ${minSize} is in pixels of the original image, which the network does not know. Set it to -1, or save with { nms: false }`,
    );
  return detectionTable(select(candidates, cfg, context), { nms: nms as NmsConfig | null, limit, minSize }, context);
}
