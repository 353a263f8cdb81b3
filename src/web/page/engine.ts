// The engine of the pages that `model.save('demo.html')` writes: takes the weights and image files, gives boxes as displays draw
// them. In a worker it answers the messages of its page; a page that may have no worker calls `detlabServe` with a port.

import simd from 'tfjs-backend-wasm-simd.wasm';
import type { Detections, PixelImage } from '../../data/types';
import type { DemoPort, DemoReply, DemoRequest } from '../../visualization/demo-messages';
import { liveData } from '../../visualization/live-image';
import { imagePixels } from '../image-pixels';
import { startEngine } from '../start-engine';
import { loadModel, type WebModel } from '../web-model';
import { gpuTrial, onGpu } from './gpu-trial';

/** Longest side of the image that is shown. */
const PREVIEW_SIDE = 1600;
/** Of positions: a page stores none, so that they may be exact. */
const DECIMALS = 4;

const OPTIONS = { wasm: simd };

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The model on wasm and, once it has shown that it detects the same, on the GPU. */
class Models {
  private wasm?: WebModel;
  private gpu?: WebModel;
  /** Kept until it is known whether the GPU is used. */
  private weights?: Uint8Array;

  async load(weights: Uint8Array): Promise<string> {
    const { description } = await startEngine(OPTIONS);
    this.wasm = await loadModel(weights, OPTIONS);
    this.weights = weights;
    return description;
  }

  async detect(pixels: PixelImage, name: string): Promise<Detections> {
    if (!this.wasm) throw new Error('the model is not loaded');
    const { gpu, wasm } = this;
    if (!gpu) return wasm.detect(pixels, name);
    try {
      return await onGpu(() => gpu.detect(pixels, name));
    } catch {
      this.gpu = undefined; // the GPU was taken away, or its memory is full
      return wasm.detect(pixels, name);
    }
  }

  /** Tries the GPU on an image, until it is known whether it is used. */
  async compare(pixels: PixelImage, detections: Detections, seconds: number): Promise<string | undefined> {
    if (!this.weights) return undefined;
    const { model, outcome } = await gpuTrial(this.weights, OPTIONS, pixels, detections, seconds);
    if (outcome === undefined) return undefined;
    this.gpu = model;
    this.weights = undefined;
    return outcome;
  }
}

/** Answers the messages of a page, one after the other. */
function serve(port: DemoPort): void {
  const models = new Models();
  let work: Promise<void> = Promise.resolve();
  const answer = async (request: DemoRequest): Promise<DemoReply> => {
    if (request.kind === 'start') {
      try {
        return { kind: 'ready', description: await models.load(joined(request.weights)) };
      } catch (error) {
        return { kind: 'failed', message: messageOf(error) };
      }
    }
    const { id, name, file } = request;
    try {
      const start = performance.now();
      const pixels = await imagePixels(file, name);
      if (file instanceof ImageBitmap) file.close();
      const decoded = performance.now();
      const detections = await models.detect(pixels, name);
      const end = performance.now();
      const seconds = (end - start) / 1000;
      work = work.then(async () => {
        const outcome = await models.compare(pixels, detections, (end - decoded) / 1000);
        if (outcome !== undefined) port.postMessage({ kind: 'engine', outcome });
      });
      return { kind: 'found', id, ...(await shown(pixels, detections, name)), seconds };
    } catch (error) {
      return { kind: 'problem', id, message: messageOf(error) };
    }
  };
  port.onmessage = ({ data }) => {
    work = work.then(async () => port.postMessage(await answer(data)));
  };
}

function joined(parts: readonly ArrayBuffer[]): Uint8Array {
  if (parts.length === 1) return new Uint8Array(parts[0]);
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return whole;
}

async function shown(pixels: PixelImage, { bboxes, scores, labels, masks }: Detections, name: string) {
  const boxes = Array.from(labels, (label, i) => ({
    bbox: [...bboxes.subarray(4 * i, 4 * i + 4)],
    label,
    score: scores[i],
    mask: masks?.[i],
  }));
  const { width, height } = pixels;
  const image = liveData({ source: name, pixels, width, height, boxes }, DECIMALS);
  return { image, preview: await preview(pixels) };
}

/** A JPEG of the pixels, upright and not larger than a screen. */
async function preview({ data, width, height }: PixelImage): Promise<Blob> {
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    rgba[to] = data[from];
    rgba[to + 1] = data[from + 1];
    rgba[to + 2] = data[from + 2];
  }
  const scale = Math.min(1, PREVIEW_SIDE / Math.max(width, height));
  const [resizeWidth, resizeHeight] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const size: ImageBitmapOptions = { resizeWidth, resizeHeight, resizeQuality: 'high' };
  const bitmap = await createImageBitmap(new ImageData(rgba, width, height), scale < 1 ? size : {});
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.88 });
}

if ('WorkerGlobalScope' in globalThis) serve(globalThis as unknown as DemoPort);
else Object.assign(globalThis, { detlabServe: serve });
