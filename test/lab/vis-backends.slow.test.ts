// What TensorBoard, MLflow and wandb themselves read of a run, in a Python environment made for it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-tools-'));
const python = join(folder, 'venv/bin/python');
let data: LabDataset;
beforeAll(async () => {
  execFileSync('python3', ['-m', 'venv', join(folder, 'venv')]);
  const packages = ['tensorboard==2.20.0', 'mlflow-skinny==2.22.1', 'wandb==0.31.0'];
  execFileSync(python, ['-m', 'pip', 'install', '-q', ...packages], { stdio: ['ignore', 'ignore', 'pipe'] });
  await startEngine({ threads: 1 });
  data = (await scenes(folder)).take(4);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

const ask = (script: string, ...args: string[]) =>
  JSON.parse(execFileSync(python, ['-c', script, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));

const TENSORBOARD = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
tags = events.Tags()
text = events.Tensors('config/text_summary')[0].tensor_proto.string_val[0].decode()
images = [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in events.Images('val_img')]
print(json.dumps(dict(scalars={t: [[e.step, e.value] for e in events.Scalars(t)] for t in tags['scalars']}, text=text, images=images)))
`;
const MLFLOW = `
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient('file://' + sys.argv[1])
experiment = client.get_experiment_by_name('cells')
[run] = client.search_runs([experiment.experiment_id])
history = {k: [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, k)] for k in run.data.metrics}
artifacts = [a.path for a in client.list_artifacts(run.info.run_id)]
print(json.dumps(dict(history=history, params=run.data.params, tags=run.data.tags, status=run.info.status,
                      name=run.info.run_name, artifacts=artifacts)))
`;
/** LevelDB's log as its format says, with wandb's own messages. */
const WANDB = `
import json, struct, sys, zlib
from wandb.proto.wandb_internal_pb2 import Record
data = open(sys.argv[1], 'rb').read()
at, parts, records = 7, [], []
while at < len(data):
    left = 32768 - at % 32768
    if left < 7:
        at += left
        continue
    crc, size, kind = struct.unpack('<IHB', data[at:at + 7])
    piece = data[at + 7:at + 7 + size]
    assert zlib.crc32(bytes([kind]) + piece) == crc
    parts.append(piece)
    at += 7 + size
    if kind in (1, 4):
        records.append(Record.FromString(b''.join(parts)))
        parts = []
rows = [(r.history.step.num, {i.nested_key[0]: json.loads(i.value_json) for i in r.history.item}) for r in records if r.HasField('history')]
[run] = [r.run for r in records if r.HasField('run')]
files = [f.path for r in records for f in r.files.files]
print(json.dumps(dict(project=run.project, config={i.key: json.loads(i.value_json) for i in run.config.update}, files=files, rows=rows,
                      ended=records[-1].HasField('exit'))))
`;

test('all have every scalar of the log at its step, the config and the tags, over a resume', async () => {
  const workDir = join(folder, 'run');
  const mlflow = { type: 'MLflowVisBackend', exp_name: 'cells', tags: { who: 'me' }, save_dir: join(folder, 'mlruns') };
  const recipe = small().set({
    'visualizer.vis_backends': [
      { type: 'TensorboardVisBackend' },
      { type: 'LocalVisBackend' },
      mlflow,
      { type: 'WandbVisBackend', init_kwargs: { project: 'cells', id: 'one' } },
    ],
    'default_hooks.visualization': { type: 'DetVisualizationHook', draw: true, interval: 2 },
  });
  const options = { ...quick, batch: 2, workers: 0, watch: false, logInterval: 1, workDir } as const;
  const stop = new AbortController();
  const onStep = ({ step }: { step: number }) => void (step === 3 && stop.abort());
  const first = await recipe.fit(data, { ...options, epochs: 3, signal: stop.signal, onStep });
  const run = await recipe.fit(data, { ...options, epochs: 3, resume: true });
  const { evaluations, train } = run.history;

  const board = ask(TENSORBOARD, join(workDir, 'vis_data'));
  const float = (value: number) => Math.fround(value);
  expect(board.scalars.loss).toEqual(train.map(({ step, loss }) => [step, float(loss)]));
  expect(board.scalars.lr).toEqual(train.map(({ step, lr }) => [step, float(lr)]));
  const ap = evaluations.map((record) => [record.step, float(record['coco/bbox_mAP'])]);
  expect(board.scalars['coco/bbox_mAP']).toEqual(ap);
  expect(board.text).toContain('max_epochs=3');
  // after 2, 4 and 6 iterations, of one batch each; the epoch that was stopped and done again may have its image twice
  expect(new Set(board.images.map(([step]: number[]) => step))).toEqual(new Set([2, 4, 6]));
  for (const [step, width, height, bytes] of board.images.slice(-1)) {
    const png = readFileSync(join(workDir, 'vis_data/vis_image', `val_img_${step}.png`));
    expect([width, height, bytes]).toEqual([png.readUInt32BE(16), png.readUInt32BE(20), png.length]);
  }

  const store = ask(MLFLOW, join(folder, 'mlruns'));
  expect(store.history.loss).toEqual(train.map(({ step, loss }) => [step, loss]));
  expect(store.history['coco/bbox_mAP']).toEqual(evaluations.map((r) => [r.step, r['coco/bbox_mAP']]));
  expect(store).toMatchObject({
    status: 'FINISHED',
    name: 'run',
    tags: { who: 'me' },
    artifacts: ['config.py', 'vis_image'],
  });
  expect(store.params).toMatchObject({ 'train_cfg.max_epochs': '3', 'optim_wrapper.optimizer.type': 'SGD' });

  const runs = join(workDir, 'vis_data/wandb');
  const [offline, ...others] = readdirSync(runs);
  expect(others).toEqual([]);
  const wandb = ask(WANDB, join(runs, offline, 'run-one.wandb'));
  expect(wandb).toMatchObject({ project: 'cells', config: { train_cfg: { max_epochs: 3 } }, ended: true });
  const rowsWith = (key: string) =>
    wandb.rows.flatMap(([step, row]: [number, Record<string, unknown>]) => (key in row ? [[step, row[key]]] : []));
  expect(rowsWith('loss')).toEqual(train.map(({ step, loss }) => [step, loss]));
  expect(rowsWith('coco/bbox_mAP')).toEqual(evaluations.map((r) => [2 * r.step, r['coco/bbox_mAP']]));
  expect(wandb.files.filter((file: string) => file.startsWith('media/images/val_img_6'))).toHaveLength(1);
  const listed = execFileSync(join(folder, 'venv/bin/wandb'), ['sync', '--dry-run', join(runs, offline)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, WANDB_API_KEY: '0'.repeat(40) },
  });
  expect(listed).not.toContain('rror');
  for (const { model } of [first, run]) model.dispose();
});
