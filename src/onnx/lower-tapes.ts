// From tapes to nodes: every step by the lowering of its kernel. To support another kernel, add a lowering to a table of
// lowerings/.

import { DetLabError } from '../errors';
import { type AlignedStep, type AlignedTensor, alignTapes } from './alignment';
import { Lowered } from './lowered';
import { Call, type Lowering, type LoweringContext } from './lowering';
import { convolutionLowerings } from './lowerings/convolution';
import { coordinateLowerings } from './lowerings/coordinates';
import { deformableLowerings } from './lowerings/deformable';
import { deformableAttentionLowerings } from './lowerings/deformable-attention';
import { distanceLowerings } from './lowerings/distances';
import { distinctQueryLowerings } from './lowerings/distinct-queries';
import { elementwiseLowerings } from './lowerings/elementwise';
import { indexingLowerings } from './lowerings/indexing';
import { paddingLowerings } from './lowerings/padding';
import { reductionLowerings } from './lowerings/reduction';
import { shapeLowerings } from './lowerings/shape';
import { transformerLowerings } from './lowerings/transformer';
import { windowLowerings } from './lowerings/windows';
import { isSame, sizeConstant } from './size-constants';
import type { Tape } from './tape';

const LOWERINGS: Readonly<Record<string, Lowering>> = {
  ...elementwiseLowerings,
  ...convolutionLowerings,
  ...shapeLowerings,
  ...reductionLowerings,
  ...indexingLowerings,
  ...transformerLowerings,
  ...deformableLowerings,
  ...deformableAttentionLowerings,
  ...paddingLowerings,
  ...windowLowerings,
  ...distanceLowerings,
  ...distinctQueryLowerings,
  ...coordinateLowerings,
};

/** Kernels that have no form in ONNX, and what to use instead. */
const REFUSED: Readonly<Record<string, string>> = {
  DetBatchNorm: 'a batch norm computes by batch statistics. Save the model in evaluation mode',
  DetNMS: 'non-maximum suppression runs inside the network',
};

/** What reads the values of the network's inputs in the graph. */
export type GraphInputs = readonly { name: string; layout: 'same' | 'channels-first' }[];

/**
 * Adds what the tapes compute to the graph.
 *
 * @param tapes of the same network at different sizes; one where all sizes are fixed
 * @param inputs the values in the graph that the inputs of the tapes stand for
 * @param part what the network is of, for errors
 * @throws DetLabError for what has no form in ONNX, with what it is
 */
export function lowerTapes(
  tapes: readonly Tape[],
  inputs: GraphInputs,
  context: LoweringContext,
  part: string,
): Lowered[] {
  const lowered = new Map<number, Lowered>();
  let near: string | undefined;
  try {
    const aligned = alignTapes(tapes);
    const of = (tensor: AlignedTensor) => {
      let value = lowered.get(tensor.id);
      if (!value) {
        lowered.set(tensor.id, (value = new Lowered(context.graph, context.dimensions, tensor)));
        if (value.isConstant && !isSame(value)) value.setComputed(sizeConstant(value, context));
      }
      return value;
    };
    for (const [i, tensor] of aligned.inputs.entries())
      of(tensor).set(inputs[i].name, { layout: inputs[i].layout, type: of(tensor).type });
    for (const step of aligned.steps) {
      near = Object.values(step.inputs).find(({ name }) => name !== undefined)?.name ?? near;
      lowerStep(step, of, context);
    }
    return aligned.outputs.map(of);
  } catch (error) {
    if (!(error instanceof DetLabError)) throw error;
    throw new DetLabError(`${part}${near === undefined ? '' : `, at or after ${near}`}: ${error.message}`);
  }
}

function lowerStep(step: AlignedStep, of: (tensor: AlignedTensor) => Lowered, context: LoweringContext): void {
  const refused = REFUSED[step.kernel];
  if (refused) throw new DetLabError(refused);
  const lowering = LOWERINGS[step.kernel];
  if (!lowering) throw new DetLabError(`its operation ${step.kernel} has no form in ONNX here`);
  const inputs = Object.fromEntries(Object.entries(step.inputs).map(([key, tensor]) => [key, of(tensor)]));
  lowering(new Call(context, step, inputs, step.outputs.map(of)));
}
