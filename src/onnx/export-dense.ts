// A detector of one stage as a graph: the candidates of its dense head, and the selection of detections.

import { DetLabError } from '../errors';
import { checkHead, type DenseNetwork, type LoweredCandidates, lowerCandidates } from './dense-candidates';
import { allKeypoints, keypointsOf } from './detection-keypoints';
import type { ExportedOutput, ExportInputs, NetworkExport } from './export-network';
import { imageMasks } from './masks/image-masks';
import { selectDetections } from './selection/dense-selection';
import { priorNumbers } from './selection/pairs';

/** @throws DetLabError for what has no form in ONNX */
export function exportDense(network: DenseNetwork, inputs: ExportInputs): NetworkExport {
  const { head } = network;
  checkHead(head, inputs.nms);
  const { selection } = head;
  const { context, image, nms } = inputs;
  const { masks = selection.masks } = network;
  if (masks && !nms) throw new DetLabError('its masks are those of selected detections. Leave nms out');
  const lowered = lowerCandidates(network, inputs);
  const { candidates, parts, besides } = lowered;
  const { keypoints, parameters, points, map = besides[0] } = parts;
  if (!nms) {
    const more = keypoints ? [allKeypoints(keypoints, lowered.count, context)] : [];
    return { clips: selection.clips, outputs: [...rawOutputs(lowered), ...more] };
  }
  const priors = keypoints || masks ? priorNumbers(candidates, context) : undefined;
  const detections = selectDetections({ ...candidates, priors }, selection, context);
  const outputs = [
    ...(keypoints ? [keypointsOf(detections, keypoints, context)] : []),
    ...(masks && parameters ? [imageMasks({ detections, parameters, points, map, image }, masks, context)] : []),
  ];
  return { detections, outputs, clips: selection.clips };
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
