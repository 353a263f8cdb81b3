// A detector of one stage as a graph: the candidates of its dense head, and the selection of detections.

import { checkHead, type DenseNetwork, type LoweredCandidates, lowerCandidates } from './dense-candidates';
import { allKeypoints, keypointsOf } from './detection-keypoints';
import type { ExportedOutput, ExportInputs, NetworkExport } from './export-network';
import { selectDetections } from './selection/dense-selection';
import { priorNumbers } from './selection/pairs';

/** @throws DetLabError for what has no form in ONNX */
export function exportDense(network: DenseNetwork, inputs: ExportInputs): NetworkExport {
  const { head } = network;
  checkHead(head, inputs.nms);
  const { selection } = head;
  const lowered = lowerCandidates(network, inputs);
  const { context, nms } = inputs;
  const { candidates, parts } = lowered;
  if (!nms) {
    const keypoints = parts.keypoints ? [allKeypoints(parts.keypoints, lowered.count, context)] : [];
    return { clips: selection.clips, outputs: [...rawOutputs(lowered), ...keypoints] };
  }
  if (!parts.keypoints) return { detections: selectDetections(candidates, selection, context), clips: selection.clips };
  const priors = priorNumbers(candidates, context);
  const detections = selectDetections({ ...candidates, priors }, selection, context);
  return { detections, outputs: [keypointsOf(detections, parts.keypoints, context)], clips: selection.clips };
}

function rawOutputs({ candidates, count }: LoweredCandidates): ExportedOutput[] {
  const { scores, boxes, rotated, factors, columns } = candidates;
  const total = count ?? 'priors';
  return [
    {
      name: 'boxes',
      value: boxes,
      type: 'float32',
      shape: [total, rotated ? 5 : 4],
      doc: `decoded boxes of all priors, ${rotated ? 'center x and y, width, height, angle' : 'xyxy'} in pixels of the input`,
    },
    {
      name: 'scores',
      value: scores,
      type: 'float32',
      shape: [total, columns],
      doc: 'scores of the classes of all priors',
    },
    ...(factors
      ? [
          {
            name: 'factors',
            value: factors,
            type: 'float32' as const,
            shape: [total, 1],
            doc: 'factor on the scores of each prior',
          },
        ]
      : []),
  ];
}
