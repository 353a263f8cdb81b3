// Executes a notebook as `npm run lab` would and checks what it shows against what its committed outputs show.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '../../src/paths';

interface Output {
  output_type: string;
  data?: Record<string, unknown>;
  name?: string;
  text?: string | string[];
  traceback?: string[];
}
interface Cell {
  cell_type: string;
  source: string | string[];
  outputs?: Output[];
  execution_count?: number | null;
  metadata?: { tags?: string[] };
}

/** Notebooks that cut a clip, which needs ffmpeg. */
export const WITH_CLIPS: readonly string[] = ['08-take-it-away.ipynb'];

export const notebooks = path.join(packageRoot, 'notebooks');
export const codeCells = (file: string): Cell[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as { cells: Cell[] }).cells.filter((c) => c.cell_type === 'code');

const text = (value: string | string[]) => (Array.isArray(value) ? value.join('') : value);
const jupyter = existsSync(path.join(packageRoot, '.venv/share/jupyter/kernels/detlab/kernel.json'));
const [program, ...script] = jupyter
  ? [path.join(packageRoot, '.venv/bin/python'), path.join(packageRoot, 'scripts/run_notebook.py')]
  : [process.execPath, path.join(packageRoot, 'dist/kernels/jupyter/run-notebook.js')];

/** Executes `source` as notebook `name` in `folder`; every kind of output a cell had when it was committed must be there again. */
export function checkExecution(name: string, source: string, folder: string): void {
  const [input, executed, page] = [name, `done-${name}`, `${name}.html`].map((file) => path.join(folder, file));
  writeFileSync(input, source);
  const run = spawnSync(program, [...script, input, executed, page], { encoding: 'utf8', cwd: folder });
  expect(run.status, `${run.stdout.slice(-2000)}\n${run.stderr.slice(-2000)}`).toBe(0);

  const kinds = (file: string) =>
    codeCells(file).map((c) => [...new Set((c.outputs ?? []).flatMap((o) => Object.keys(o.data ?? {})))].sort());
  expect(kinds(executed)).toEqual(kinds(path.join(notebooks, name)));
  const results = codeCells(executed).flatMap((c) => c.outputs ?? []);
  CHECKS[name]?.({
    shown: results.map((o) => text((o.data?.['text/plain'] as string) ?? '')).join('\n'),
    printed: results.map((o) => text(o.text ?? '')).join(''),
    errors: results.flatMap((o) => o.traceback ?? []).join('\n'),
    html: readFileSync(page, 'utf8'),
  });
}

const CHECKS: Record<string, (o: Record<'shown' | 'printed' | 'errors' | 'html', string>) => void> = {
  '00-typescript.ipynb': ({ errors, printed }) => {
    expect(errors).toContain("2:26 - Cannot find name 'scroes'. Did you mean 'scores'? (TS2552)");
    expect(errors).toMatch(/RangeError: 0.91 looks too good\n\s+at check \(cell\[\d+\]:4:26\)/);
    expect(printed).toContain(`from a shell\n${process.version}`);
  },
  '01-tour.ipynb': ({ shown, html }) => {
    expect(shown).toMatch(/AP50/);
    expect(shown).toMatch(/Comparison/);
    expect(shown).toMatch(/layer2 .*frozen/);
    expect(shown).toMatch(/Errors on toytown val at IoU 0\.5/);
    expect(html).toContain('data:image/png;base64,');
  },
  '02-necks.ipynb': ({ shown, printed }) => {
    expect(shown).toMatch(/stack_times: required/);
    expect(printed).toMatch(/Cannot place priors at model.rpn_head/);
    expect(shown).toMatch(
      /Comparison\n.*FPN .*PAFPN .*NASFPN .*FPG .*FPN_DropBlock .*FPN \+ BFP .*AugFPN .*WeightedFPN/,
    );
  },
  '03-detr-deit.ipynb': ({ shown, printed }) => {
    expect(printed).toMatch(/is written for MMDetection 2\.x and is read as 3\.x/);
    expect(printed).toMatch(/positional_encoding\.num_feats must be 96, received 128/);
    expect(shown).toMatch(/dino_deit-tiny-4layers_toytown, input 240 × 320/);
    expect(shown).toMatch(/backbone +VisionTransformer .*15×20×192.*frozen/);
    expect(shown).toMatch(/AP50/);
  },
  '04-yolov8.ipynb': ({ shown, printed }) => {
    expect(printed).toMatch(/yolov8_n depth x 0\.33 +width x 0\.25 +3\.2 M[\s\S]*yolov8_x .* 68\.2 M/);
    expect(printed).toMatch(/yolov8_s_syncbn_fast_8xb16-500e_coco/);
    expect(shown).toMatch(/AP50/);
    expect(shown).toMatch(/\.stage3.*frozen/);
  },
  '05-where-does-it-err.ipynb': ({ shown, html }) => {
    expect(shown).toMatch(/Errors on toytown val at IoU 0\.5[\s\S]*missed +Miss/);
    expect(shown).toMatch(/Confusion on toytown val/);
    expect(shown).toMatch(/threshold with a precision of 0\.9/);
    expect(shown).toMatch(/better|worse|not told apart/);
    expect(html).toContain('showLiveImages(root, data)');
  },
  '06-your-own-data.ipynb': ({ shown }) => {
    expect(shown).toMatch(/lost\.jpg/);
    expect(shown).toMatch(/RandomCrop/);
    expect(shown).toMatch(/AP50/);
  },
  '07-inside-a-neck.ipynb': ({ shown, printed }) => {
    expect(printed).toMatch(/backbone\.layer3/);
    expect(shown).toMatch(/PAFPN/);
  },
  '09-fine-tune-as-the-tutorial.ipynb': ({ shown, printed }) => {
    expect(printed).toMatch(/gtFine\/train\/toytown\/toytown_000000_000019_gtFine_instanceIds\.png/);
    expect(printed).toMatch(
      /118 tensors loaded from .*start\.pth; 6 of different shape \(roi_head\.bbox_head\.fc_cls\.weight/,
    );
    expect(printed).toMatch(/the file was trained on 3, the model has 8; these layers keep their initial weights/);
    expect(printed).toMatch(/instances: 0/);
    expect(shown).toMatch(/cityscapes\/AP +cityscapes\/AP50/);
  },
  '10-train-it-well.ipynb': ({ shown, printed }) => {
    expect(shown).toMatch(
      /Suggested: lr [\d.e-]+, where the loss falls fastest; a tenth of the rate of its minimum is /,
    );
    expect(printed).toMatch(/batch: \d+ \(auto\): [\d.,]+ [KM]?B for each image of /);
    expect(shown).toMatch(/2 folds[\s\S]*cross-validation with 2 folds/);
    expect(shown).toMatch(/search, (\d) of \1 trials[\s\S]*successive halving/);
    expect(printed).toMatch(/\d+ boxes are labels of a model, not of a person/);
    expect(printed).toMatch(/fine-tuning in 2 stages: epoch 1 heads at /);
  },
  '08-take-it-away.ipynb': ({ shown }) => {
    expect(shown).toMatch(/damaged\.jpg/);
    expect(shown).toMatch(/clip\.mp4/);
    const rows = [...shown.matchAll(/^\d +(\d\.\d{5}) +(\d\.\d{5}) /gm)].map(([, runtime, ours]) =>
      [runtime, ours].map(Number),
    );
    expect(rows).toHaveLength(3);
    for (const [runtime, ours] of rows) expect(Math.abs(runtime - ours)).toBeLessThan(1e-4);
  },
};
