// Whether the page's GPU (WebGL 2 with 32-bit floats) is used: it computes the first image with detections once more, and takes over
// if it finds the same and is faster. Phones have half floats and drivers err: then wasm stays.

import '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs';
import type { Detections, PixelImage } from '../../data/types';
import { loadModel, type WebModel } from '../web-model';
import { detectionsAgree } from './detections-agree';
import { isSoftwareRenderer } from './software-renderer';

/** How much faster the GPU must be, for it to be worth its memory. */
const WORTHWHILE = 0.8;

export interface TrialResult {
  /** On the GPU; absent where wasm stays. */
  model?: WebModel;
  /** What was found, in words; absent while there was nothing to compare. */
  outcome?: string;
}

/** Runs `f` on another backend, and returns to wasm. */
export async function onGpu<T>(f: () => Promise<T>): Promise<T> {
  if (!(await tf.setBackend('webgl'))) throw new Error('this browser has no WebGL 2');
  try {
    return await f();
  } finally {
    await tf.setBackend('wasm');
  }
}

/** What this browser calls the device of its WebGL; empty where it does not say. */
function webglRenderer(): string {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
  const names = gl?.getExtension('WEBGL_debug_renderer_info');
  const name = gl?.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  gl?.getExtension('WEBGL_lose_context')?.loseContext();
  return typeof name === 'string' ? name : '';
}

/**
 * @param load the options with which the model was loaded on wasm
 * @param expected what wasm detected in `pixels`, in so many seconds
 */
export async function gpuTrial(
  weights: Uint8Array,
  load: Parameters<typeof loadModel>[1],
  pixels: PixelImage,
  expected: Detections,
  seconds: number,
): Promise<TrialResult> {
  if (detectionsAgree(expected, expected) === undefined) return {};
  if (tf.env().getNumber('WEBGL_VERSION') < 2 || !tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED'))
    return { outcome: 'wasm: no WebGL 2 with 32-bit floats' };
  if (isSoftwareRenderer(webglRenderer())) return { outcome: 'wasm: WebGL without a GPU' };
  let model: WebModel | undefined;
  try {
    return await onGpu(async () => {
      model = await loadModel(weights, load);
      await model.detect(pixels); // compiles the shaders
      const start = performance.now();
      const found = await model.detect(pixels);
      const taken = (performance.now() - start) / 1000;
      if (!detectionsAgree(expected, found)) {
        model.dispose();
        return { outcome: 'wasm: WebGL gives other detections' };
      }
      if (taken > WORTHWHILE * seconds) {
        model.dispose();
        return {
          outcome: `wasm: WebGL gives the same detections in ${taken.toFixed(1)} s, wasm in ${seconds.toFixed(1)} s`,
        };
      }
      return { model, outcome: 'webgl' };
    });
  } catch (error) {
    model?.dispose();
    return { outcome: `wasm: WebGL fails (${(error as Error).message})` };
  }
}
