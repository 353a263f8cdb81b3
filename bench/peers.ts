// `npm run bench -- --peers`: inference beside ONNX Runtime, OpenVINO, torch.compile, eager torch and MMDetection on the same
// network, each a process of its own, alternating, minimums compared. Peers are installed on demand into `build/`.
//   npm run bench -- --peers --only yolov8 --precisions bf16 --reps 20 --rounds 3
//   npm run bench -- --peers --without mmdet,compile

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DetLabError } from '../src/errors';
import { packageRoot } from '../src/paths';
import { child, fixed, type Measurement, merge, min, pythonIn, ratio, venvPython } from './measurement';
import { chosen, readOptions, runScript } from './options';

interface Case {
  name: string;
  /** A key of SUBJECTS in case.ts and of CASES in python/peers.py. */
  model: string;
  /** Of case.ts and python/bench.py. */
  mode: 'fwd' | 'infer';
}

const CASES: readonly Case[] = [
  { name: 'ResNet-50-FPN forward, 800x1344', model: 'resnet50_fpn', mode: 'fwd' },
  { name: 'YOLOv8-s inference, 640x640 (peers without NMS)', model: 'yolov8_s', mode: 'infer' },
];

interface PeerSetup {
  title: string;
  /** Name of the requirements in `bench/python/`, and of the environment. */
  packages: 'peers' | 'mmdet';
  /** Of which the faster counts. */
  variants: readonly string[];
}

/** By their names in python/peers.py. */
const PEERS = {
  onnxruntime: { title: 'ONNX Runtime', packages: 'peers', variants: ['plain'] },
  openvino: { title: 'OpenVINO', packages: 'peers', variants: ['plain'] },
  compile: { title: 'torch.compile', packages: 'peers', variants: ['plain', 'frozen'] },
  mmdet: { title: 'MMDetection', packages: 'mmdet', variants: ['plain'] },
} as const satisfies Record<string, PeerSetup>;
type Peer = keyof typeof PEERS;

const LAYOUTS = ['channels_last', 'contiguous'] as const;

/**
 * A virtual environment with the packages of `bench/python/NAME.txt` that also sees torch and numpy of `.venv`; made on the
 * first use and when the versions change. Undefined, with a notice, where they cannot be installed.
 */
function environment(name: string, python: string): string | undefined {
  const folder = path.join(packageRoot, 'build', name);
  const requirements = path.join(packageRoot, 'bench/python', `${name}.txt`);
  const stamp = path.join(folder, 'installed.txt');
  const versions = readFileSync(requirements, 'utf8');
  const ready = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === versions;
  if (ready()) return pythonIn(folder);
  console.error(`installing bench/python/${name}.txt into build/${name}`);
  const run = (command: string, args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error((stderr || stdout || '').trim().split('\n').slice(-3).join('\n'));
    return stdout.trim();
  };
  const sites = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  try {
    run(python, ['-m', 'venv', folder]);
    const installed = pythonIn(folder);
    if (!installed) throw new Error(`no Python in ${folder}`);
    writeFileSync(path.join(run(installed, ['-c', sites]), 'torch-of-venv.pth'), `${run(python, ['-c', sites])}\n`);
    run(installed, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
    writeFileSync(stamp, versions);
    return installed;
  } catch (error) {
    console.error(`  skipped: ${name} cannot be installed\n${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

interface Row {
  case: string;
  precision: string;
  ours?: Measurement;
  eager?: Measurement;
  peers: Partial<Record<Peer, Measurement>>;
}

interface Settings {
  rounds: number;
  reps: string;
  python: string;
  peers: ReadonlyMap<Peer, string>;
}

/** Each way of running a network, of which the fastest is kept. */
class Attempts {
  private readonly byVariant = new Map<string, Measurement | undefined>();

  /** Measures a variant; one that failed before is not tried again. */
  add(variant: string, run: () => Measurement | undefined): void {
    const before = this.byVariant.get(variant);
    if (this.byVariant.has(variant) && !before) return;
    this.byVariant.set(variant, merge(before, run()));
  }

  get best(): Measurement | undefined {
    const measured = [...this.byVariant.values()].filter((one) => one !== undefined);
    return measured.sort((a, b) => min(a) - min(b))[0];
  }
}

/** Ours, eager torch in both layouts, and each peer, in turn. */
function measure({ name, model, mode }: Case, precision: string, settings: Settings): Row {
  const { rounds, reps, python, peers } = settings;
  const common = ['--case', model, '--precision', precision, '--reps', reps];
  const folder = path.join(packageRoot, 'build/networks', model);
  let ours: Measurement | undefined;
  const eager = new Attempts();
  const others = new Map([...peers.keys()].map((peer) => [peer, new Attempts()]));
  for (let round = 0; round < rounds; round++) {
    const one = child(process.execPath, [path.join(packageRoot, 'dist/bench/case.js'), ...common, '--mode', mode]);
    ours = merge(ours, one);
    // without bfloat16 instructions torch's convolutions take minutes
    const inMemoryOnly = precision === 'bf16' && one?.engine?.includes('in memory only') === true;
    const script = ['bench/python/bench.py', ...common, '--mode', mode];
    for (const layout of inMemoryOnly ? [] : LAYOUTS)
      eager.add(layout, () => child(python, [...script, '--layout', layout]));
    for (const [peer, peerPython] of peers) {
      if (inMemoryOnly && peer !== 'openvino') continue;
      const args = ['-W', 'ignore', 'bench/python/peers.py', 'measure', ...common, '--folder', folder, '--peer', peer];
      for (const variant of PEERS[peer].variants)
        others.get(peer)?.add(variant, () => child(peerPython, [...args, '--variant', variant]));
    }
  }
  const found = [...others].flatMap(([peer, { best }]) => (best ? [[peer, best] as const] : []));
  return { case: name, precision, ours, eager: eager.best, peers: Object.fromEntries(found) };
}

function line(row: Row, columns: readonly Peer[]): string {
  const { ours, eager, peers } = row;
  const all: [name: string, measured: Measurement | undefined][] = [
    ['eager torch', eager],
    ...columns.map((peer): [string, Measurement | undefined] => [PEERS[peer].title, peers[peer]]),
  ];
  const known = all.flatMap(([name, measured]) => (measured ? [{ name, measured }] : []));
  const [fastest] = known.toSorted((a, b) => min(a.measured) - min(b.measured));
  const [smallest] = known.toSorted((a, b) => a.measured.peakMB - b.measured.peakMB);
  const cells = [
    row.case,
    row.precision,
    fixed(min(ours)),
    ...all.map(([, measured]) => fixed(min(measured))),
    fastest?.name ?? '-',
    ratio(min(ours), min(fastest?.measured)),
    ours?.peakMB.toFixed(0) ?? '-',
    smallest ? `${smallest.measured.peakMB.toFixed(0)} (${smallest.name})` : '-',
    ratio(ours?.peakMB ?? Number.NaN, smallest?.measured.peakMB ?? Number.NaN),
  ];
  return `| ${cells.join(' | ')} |`;
}

function main(): void {
  const options = readOptions({ without: '', only: '', rounds: 2, reps: 5, precisions: 'f32,bf16' });
  const precisions = chosen('precisions', options.precisions, ['f32', 'bf16']);
  const without = options.without ? chosen('without', options.without, Object.keys(PEERS) as Peer[]) : [];
  const python = venvPython();
  if (!python) {
    throw new DetLabError('Cannot measure the peers without .venv: run "npm run setup" first');
  }
  const peers = new Map<Peer, string>();
  for (const peer of Object.keys(PEERS) as Peer[]) {
    if (without.includes(peer)) continue;
    const peerPython = environment(PEERS[peer].packages, python);
    if (peerPython) peers.set(peer, peerPython);
  }
  const cases = CASES.filter(({ name, model, mode }) => `${name} ${model}/${mode}`.includes(options.only));
  for (const { model } of cases) {
    const [exporter = python] = peers.values();
    const folder = path.join(packageRoot, 'build/networks', model);
    mkdirSync(folder, { recursive: true });
    if (!child(exporter, ['-W', 'ignore', 'bench/python/peers.py', 'prepare', '--case', model, '--folder', folder]))
      throw new DetLabError(`Cannot measure the peers: bench/python/peers.py could not prepare ${model}`);
  }
  const settings: Settings = { rounds: options.rounds, reps: String(options.reps), python, peers };
  const cpu = os.cpus();
  const load = () => os.loadavg()[0].toFixed(2);
  console.log(`${cpu[0]?.model}, ${cpu.length} cores, Node ${process.version}, load ${load()}`);
  const columns = [...peers.keys()];
  const titles = [
    'case',
    'precision',
    'ours s',
    'eager torch s',
    ...columns.map((peer) => `${PEERS[peer].title} s`),
    'strongest',
    'ours / strongest',
    'ours peak MB',
    'smallest peer MB',
    'peak ratio',
  ];
  console.log(`\n| ${titles.join(' | ')} |\n|${'---|'.repeat(titles.length)}`);
  const rows: Row[] = [];
  for (const one of cases)
    for (const precision of precisions) {
      const row = measure(one, precision, settings);
      rows.push(row);
      console.log(line(row, columns));
    }
  const versions = columns.map((peer) => {
    const version = rows.map((row) => row.peers[peer]?.version).find((text) => text !== undefined);
    return `${PEERS[peer].title} ${version ?? 'not measured'}`;
  });
  console.log(`\n${versions.join(', ')}; load at the end ${load()}`);
  mkdirSync(path.join(packageRoot, 'runs/bench'), { recursive: true });
  writeFileSync(path.join(packageRoot, 'runs/bench/peers.json'), JSON.stringify(rows, null, 2));
}

runScript(main);
