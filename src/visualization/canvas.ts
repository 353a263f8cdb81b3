// A canvas of @napi-rs/canvas, which is loaded when the first one is made: it takes 18 MB.

import type { Canvas } from '@napi-rs/canvas';

export type { Canvas, SKRSContext2D } from '@napi-rs/canvas';

export const createCanvas = (width: number, height: number): Canvas =>
  (require('@napi-rs/canvas') as typeof import('@napi-rs/canvas')).createCanvas(width, height);
