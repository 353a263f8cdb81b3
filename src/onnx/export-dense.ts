// A detector of one stage as a graph: the candidates of its dense head, and the selection of detections.

import type { Selection } from '../models/dense-heads/selection';
import { checkHead, type DenseNetwork, type LoweredCandidates, lowerCandidates } from './dense-candidates';
import type { ExportInputs, NetworkExport } from './export-network';
import { selectDetections } from './selection/dense-selection';

/** @throws DetLabError for what has no form in ONNX */
export function exportDense(network: DenseNetwork, inputs: ExportInputs): NetworkExport {
  const { head } = network;
  checkHead(head, inputs.nms);
  const { selection } = head;
  const lowered = lowerCandidates(network, inputs);
  if (!inputs.nms) return rawOutputs(lowered, selection);
  return { detections: selectDetections(lowered.candidates, selection, inputs.context), clips: selection.clips };
}

function rawOutputs({ candidates, count }: LoweredCandidates, { clips }: Selection): NetworkExport {
  const { scores, boxes, rotated, factors, columns } = candidates;
  const total = count ?? 'priors';
  return {
    clips,
    outputs: [
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
    ],
  };
}
