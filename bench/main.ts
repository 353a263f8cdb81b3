// `npm run bench`: compares DetLab with the same networks in Python torch, in one run. Every measurement is a separate
// process; DetLab's and Python's alternate, and the minimums over all rounds are compared, since machines are noisy.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageRoot } from '../src/paths';
import { measureLoaders } from './loader';
import { child, fixed, type Measurement, merge, min, ratio, venvPython } from './measurement';
import { chosen, readOptions, runScript } from './options';

interface Case {
  name: string;
  /** A key of SUBJECTS in case.ts and of CASES in python/bench.py. */
  model: string;
  mode: 'fwd' | 'fwdbwd' | 'train' | 'infer';
  batch: number;
}

const CASES: Case[] = [
  { name: 'ResNet-50-FPN forward, 800x1344', model: 'resnet50_fpn', mode: 'fwd', batch: 1 },
  { name: 'ResNet-50-FPN forward + backward, 800x1344', model: 'resnet50_fpn', mode: 'fwdbwd', batch: 1 },
  {
    name: 'Faster R-CNN R50-FPN training step, 800x1333, batch 1',
    model: 'faster_rcnn_r50_fpn',
    mode: 'train',
    batch: 1,
  },
  {
    name: 'Faster R-CNN R50-FPN training step, 800x1333, batch 2',
    model: 'faster_rcnn_r50_fpn',
    mode: 'train',
    batch: 2,
  },
  { name: 'Faster R-CNN R50-FPN inference, 800x1333, batch 1', model: 'faster_rcnn_r50_fpn', mode: 'infer', batch: 1 },
  { name: 'Faster R-CNN R50-FPN inference, 800x1333, batch 2', model: 'faster_rcnn_r50_fpn', mode: 'infer', batch: 2 },
  {
    name: 'R18-FPN of the BCCD recipe, 4 x 320x240, training step',
    model: 'faster_rcnn_r18_fpn',
    mode: 'train',
    batch: 4,
  },
  { name: 'R18-FPN of the BCCD recipe, 4 x 320x240, inference', model: 'faster_rcnn_r18_fpn', mode: 'infer', batch: 4 },
  ...[
    ['RetinaNet R50-FPN', 'retinanet_r50_fpn', '800x1333'],
    ['Mask R-CNN R50-FPN', 'mask_rcnn_r50_fpn', '800x1333'],
    ['SOLOv2 R50-FPN', 'solov2_r50_fpn', '800x1333'],
    ['TOOD R50-FPN', 'tood_r50_fpn', '800x1333'],
    ['Sparse R-CNN R50-FPN', 'sparse_rcnn_r50_fpn', '800x1333'],
    ['Mask2Former R50', 'mask2former_r50', '1024x1024'],
    ['DETR R50', 'detr_r50', '800x1333'],
    ['YOLOv5-s', 'yolov5_s', '640x640'],
    ['YOLOv8-s', 'yolov8_s', '640x640'],
  ].flatMap(([name, model, size]): Case[] => [
    { name: `${name} training step, ${size}, batch 1`, model, mode: 'train', batch: 1 },
    { name: `${name} inference, ${size}, batch 1`, model, mode: 'infer', batch: 1 },
  ]),
];

const PRECISIONS = ['f32', 'bf16'] as const;
const LAYOUTS = ['channels_last', 'contiguous'] as const;

async function main(): Promise<void> {
  const options = readOptions({ rounds: 2, reps: 3, only: '', precisions: PRECISIONS.join(','), all: false });
  const { rounds, reps, only } = options;
  const precisions = chosen('precisions', options.precisions, PRECISIONS);
  const python = venvPython();
  if (!python) console.error('Python is not measured without .venv: run "npm run setup" first');
  const cpu = os.cpus();
  console.log(`${cpu[0]?.model}, ${cpu.length} cores, Node ${process.version}, load ${os.loadavg()[0].toFixed(2)}`);
  if (python)
    console.log(
      execFileSync(python, ['-c', 'import torch; print("Python torch", torch.__version__)']).toString().trim(),
    );

  const rows: Record<string, unknown>[] = [];
  const ourF32 = new Map<string, number>();
  console.log(
    '\n| case | precision | ours s | Python s (best layout) | ours / Python | ours / our f32 | ours peak MB | Python peak MB | peak ratio |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const c of CASES.filter((x) => `${x.name} ${x.model}/${x.mode}`.includes(only))) {
    for (const precision of precisions) {
      const args = [
        '--case',
        c.model,
        '--mode',
        c.mode,
        '--batch',
        String(c.batch),
        '--precision',
        precision,
        '--reps',
        String(reps),
      ];
      let ours: Measurement | undefined;
      const theirs: Partial<Record<(typeof LAYOUTS)[number], Measurement>> = {};
      for (let round = 0; round < rounds; round++) {
        const one = child(process.execPath, [path.join(packageRoot, 'dist/bench/case.js'), ...args]);
        ours = merge(ours, one);
        // without bfloat16 instructions, Python's convolutions take minutes per step
        const tooSlow = precision === 'bf16' && one?.engine?.includes('in memory only') && !options.all;
        for (const layout of python && !tooSlow ? LAYOUTS : [])
          theirs[layout] = merge(
            theirs[layout],
            child(python!, ['bench/python/bench.py', ...args, '--layout', layout]),
          );
      }
      const best = LAYOUTS.filter((l) => theirs[l]).sort((a, b) => min(theirs[a]) - min(theirs[b]))[0];
      const peer = best && theirs[best];
      if (precision === 'f32') ourF32.set(c.name, min(ours));
      const row = {
        case: c.name,
        precision,
        ours: min(ours),
        python: min(peer),
        layout: best,
        oursPeakMB: ours?.peakMB,
        pythonPeakMB: peer?.peakMB,
      };
      rows.push({ ...row, imagesPerSecond: c.batch / min(ours) });
      console.log(
        `| ${c.name} | ${precision} | ${fixed(row.ours)} | ${fixed(row.python)} (${best ?? '-'}) | ${ratio(row.ours, row.python)} | ` +
          `${ratio(row.ours, ourF32.get(c.name)!)} | ${row.oursPeakMB?.toFixed(0) ?? '-'} | ${row.pythonPeakMB?.toFixed(0) ?? '-'} | ` +
          `${ratio(row.oursPeakMB ?? Number.NaN, row.pythonPeakMB ?? Number.NaN)} |`,
      );
    }
  }
  if (!only) for (const line of await measureLoaders()) console.log(line);
  mkdirSync(path.join(packageRoot, 'runs/bench'), { recursive: true });
  writeFileSync(path.join(packageRoot, 'runs/bench/bench.json'), JSON.stringify(rows, null, 2));
}

runScript(main);
