// The refusal of RoI heads that no ONNX graph describes.

import { DetLabError } from '../../errors';

/** @param what what it does that has no operator there */
export function noGraph(head: string, what: string): DetLabError {
  return new DetLabError(`${head} ${what}, which has no form in ONNX yet. Save it as .safetensors`);
}
