// Masks of pycocotools, OpenCV and MMDetection (masks.json, made by generate/masks.py).

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { countsFromString, type Rle } from '../../src/masks';

type Box = [number, number, number, number];

interface Golden {
  polygons: { h: number; w: number; polygon: number[]; counts: string; area: number; box: Box }[];
  groups: {
    h: number;
    w: number;
    parts: number[][];
    union: string;
    intersection: string;
    others: string[];
    crowd: number[];
    iou: number[][];
  }[];
  changed: ({ h: number; w: number; counts: string; size: [number, number]; padded: [number, number] } & Record<
    'resized' | 'horizontal' | 'vertical' | 'diagonal' | 'pad',
    string
  >)[];
  targets: {
    h: number;
    w: number;
    objects: number[][][];
    boxes: number[][];
    inds: number[];
    size: [number, number];
    bitmap: string[];
    polygon: string[];
    soft?: number[];
  }[];
  pasted: {
    h: number;
    w: number;
    box: number[];
    size: [number, number];
    threshold: number;
    grid: number[];
    counts: string;
  }[];
}

// a longer file made with more polygons can stand in its place
const file = process.env.DETLAB_MASKS ?? path.join(__dirname, '../golden/masks.json');

export const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

/** A mask of pycocotools' string of run lengths. */
export const read = (counts: string, height: number, width: number): Rle => ({
  height,
  width,
  counts: countsFromString(counts),
});
