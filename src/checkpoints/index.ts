// Public names of the checkpoints folder: reads and writes PyTorch and safetensors files, loads weights into models.

export { likelyCauses } from './causes';
export { type LoadWeightsOptions, loadWeights, reportLines, type WeightsReport } from './load-weights';
export { parseWeights, readWeights, type Weights } from './read-weights';
export { writeWeights } from './write-weights';
