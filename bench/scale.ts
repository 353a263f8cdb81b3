// `npm run bench -- --scale --mmdet PYTHON`: listing, memory and first batch of annotation files as large as COCO's and Objects365's
// training sets, beside MMDetection's CocoDataset (pycocotools), each in a process of its own. `--sets coco,objects365`,
// `--share 0.1` and `--rounds 3` narrow it; `--folder` keeps the files, 0.5 and 3.5 GB.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildPipeline, createLoader, loadCoco } from '../src/data';
import { packageRoot } from '../src/paths';
import { child, fixed, type Measurement, min, pythonIn, ratio } from './measurement';
import { chosen, readOptions, runScript } from './options';
import { classNames, SCALE_SETS, shareOf, writeScaleSet } from './scale-input';

type ScaleMeasurement = Measurement & {
  /** Time until the first batch, of the calling thread as the peer's, and of a thread that is started for it. */
  first: number;
  threadFirst: number;
  /** Processor time of the listing. */
  cpu: number;
  /** Memory after the listing, and before it. */
  heldMB: number;
  baseMB: number;
  records: number;
};

const since = (start: number) => (performance.now() - start) / 1000;
const residentMB = () => process.memoryUsage.rss() / 2 ** 20;

async function measure(folder: string): Promise<ScaleMeasurement> {
  const baseMB = residentMB();
  const [start, before] = [performance.now(), process.cpuUsage()];
  const file = path.join(folder, 'annotations.json');
  const dataset = await loadCoco(file, path.join(folder, 'images'), { filterEmpty: true, minSize: 32 });
  const listed = since(start);
  const { user, system } = process.cpuUsage(before);
  const steps = [
    { type: 'LoadImageFromFile' },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'RandomFlip', prob: 0.5 },
    { type: 'PackDetInputs' },
  ];
  const firstBatch = async (workers: number): Promise<number> => {
    const loader = createLoader(dataset, buildPipeline(steps), { batchSize: 8, shuffle: true, workers });
    const loading = performance.now();
    await loader.epoch(0).next();
    const seconds = since(loading);
    await loader.close();
    return seconds;
  };
  const first = await firstBatch(0);
  const threadFirst = await firstBatch(1);
  const peakMB = process.resourceUsage().maxRSS / 1024;
  return {
    seconds: [listed],
    first,
    threadFirst,
    cpu: (user + system) / 1e6,
    peakMB,
    heldMB: residentMB(),
    baseMB,
    records: dataset.records.length,
  };
}

function print(name: string, ours: ScaleMeasurement[], peers: ScaleMeasurement[]): void {
  const least = (list: ScaleMeasurement[], value: (m: ScaleMeasurement) => number) => Math.min(...list.map(value));
  const cells = (value: (m: ScaleMeasurement) => number, shown = fixed) => {
    const [a, b] = [least(ours, value), least(peers, value)];
    return [shown(a), shown(b), ratio(a, b)].join(' | ');
  };
  const whole = (x: number) => (Number.isFinite(x) ? x.toFixed(0) : '-');
  console.log(`| ${name}: listing, s | ${cells(min)} |`);
  console.log(`| ${name}: listing, s of the processor | ${cells((m) => m.cpu)} |`);
  console.log(`| ${name}: first batch, s | ${cells((m) => m.first)} |`);
  console.log(`| ${name}: first batch of a new thread, s | ${fixed(least(ours, (m) => m.threadFirst))} | - | - |`);
  console.log(`| ${name}: peak, MB | ${cells((m) => m.peakMB, whole)} |`);
  console.log(`| ${name}: held afterwards, MB | ${cells((m) => m.heldMB, whole)} |`);
}

async function main(): Promise<void> {
  const options = readOptions({
    sets: Object.keys(SCALE_SETS).join(','),
    share: 1,
    rounds: 1,
    folder: '',
    mmdet: pythonIn(path.join(packageRoot, 'build/mmdet')) ?? '',
    // a measurement of ours, in a process of its own
    ours: '',
    cache: '0',
  });
  const { mmdet: python, share, folder: kept } = options;
  const sets = chosen('sets', options.sets, Object.keys(SCALE_SETS));
  if (options.ours) {
    process.env.DETLAB_ANNOTATION_CACHE = options.cache;
    console.log(JSON.stringify(await measure(options.ours)));
    return;
  }
  if (!python) console.error('MMDetection is not measured: give a Python by --mmdet, or run --peers first');
  console.log(
    `${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}, load ${os.loadavg()[0].toFixed(2)}`,
  );
  console.log('| | DetLab | MMDetection | ratio |\n|---|---|---|---|');
  for (const name of sets) {
    const set = shareOf(SCALE_SETS[name], share);
    const folder = path.join(kept || path.join(os.tmpdir(), `detlab-scale-${process.pid}`), `${name}-${share}`);
    if (!existsSync(path.join(folder, 'classes.json'))) {
      mkdirSync(folder, { recursive: true });
      await writeScaleSet(folder, set);
      writeFileSync(path.join(folder, 'classes.json'), JSON.stringify(classNames(set)));
    }
    const script = path.join(packageRoot, 'dist/bench/scale.js');
    const [mine, theirs, again]: ScaleMeasurement[][] = [[], [], []];
    const cached = [script, '--ours', folder, '--cache', path.join(folder, 'cache')];
    child(process.execPath, cached); // writes it
    for (let round = 0; round < options.rounds; round++) {
      const one = child(process.execPath, [script, '--ours', folder]);
      const other = python ? child(python, ['bench/python/scale.py', folder]) : undefined;
      if (one) mine.push(one as ScaleMeasurement);
      const third = child(process.execPath, cached);
      if (third) again.push(third as ScaleMeasurement);
      if (other) theirs.push(other as ScaleMeasurement);
    }
    const title = `${name}, ${set.images.toLocaleString('en')} images, ${set.objects.toLocaleString('en')} boxes`;
    print(title, mine, theirs);
    print(`${title}, read before`, again, theirs);
    if (!kept) rmSync(folder, { recursive: true });
  }
}

runScript(main);
