// Whether WebGL is computed by the processor, as in browsers without a GPU: it is then slower than wasm by far, and a trial of it
// would keep the images that come next waiting.

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|microsoft basic render/i;

/** @param renderer what a browser calls the device */
export const isSoftwareRenderer = (renderer: string): boolean => SOFTWARE.test(renderer);
