// detlab/web: detectors in a browser. A model that `model.save('x.safetensors')` wrote, the same code as in Node, on wasm or the
// GPU of the page.

export { DetLabError } from '../errors';
export type { Rle } from '../masks';
export { type ImageSource, imagePixels } from './image-pixels';
export { type StartOptions, startEngine, type WebEngine } from './start-engine';
export { loadModel, type WebModel, type WebPrediction } from './web-model';
