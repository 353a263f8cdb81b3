// Scores of logits. The Sigmoid of ONNX Runtime is 0 below a score of about 1e-8: detections that are ranked without a threshold would
// lose their order there, and NMS keep others of them.

import type { Graph } from './graph';

export function exactSigmoid(x: string, graph: Graph): string {
  const odds = graph.node('Exp', [graph.node('Neg', [x])]);
  return graph.node('Reciprocal', [graph.node('Add', [graph.float(1), odds])]);
}
