// Weights in files: PyTorch's and safetensors, read, written, fitted to a model.

export { likelyCauses } from './causes';
export { type LoadWeightsOptions, loadWeights, reportLines, type WeightsReport } from './load-weights';
export { parseWeights, readWeights, type Weights } from './read-weights';
export { writeWeights } from './write-weights';
