/** Imports run one way: see CONTRIBUTING.md's map. Every folder may use what lies at the bottom. */
const BOTTOM = '^src/((errors|paths|random)\\.ts$|geometry/)';
/** What a module's definition is made of; below everything that has modules. */
const CATALOGUE = '^src/catalogue/';
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, BOTTOM, ...allowed] },
});
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing-imports-the-kernel', severity: 'error', from: { path: '^src/' }, to: { path: '^kernels/jupyter' } },
    {
      name: 'the-root-holds-four-files',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+$', pathNot: '^src/(index|errors|paths|random)\\.ts$' },
    },
    only('geometry-stands-alone', 'geometry', []),
    only('catalogue-knows-how-to-show-tables', 'catalogue', ['^src/visualization/(escape|table|wrapped-table)\\.ts$']),
    only('engine-knows-nobody', 'engine', []),
    only('nn-knows-engine-and-ops', 'nn', [CATALOGUE, '^src/engine/', '^src/ops/']),
    only('ops-know-engine', 'ops', ['^src/engine/']),
    only('masks-stand-alone', 'masks', []),
    only('text-stands-alone', 'text', []),
    only('models-know-nn-and-ops', 'models', [CATALOGUE, '^src/(engine|masks|nn|ops|text)/', '^src/data/(types|instances)\\.ts$']),
    only('onnx-knows-models', 'onnx', ['^src/(models|nn|ops)/']),
    only('data-knows-masks', 'data', [CATALOGUE, '^src/(masks|remote|text)/', '^src/checkpoints/plain-pickle\.ts$']),
    only('evaluation-knows-data-types', 'evaluation', [
      CATALOGUE,
      '^src/masks/',
      '^src/data/(types|columns/(outline-flags|record-corners)|loading/json-(cursor|keys))\.ts$',
      '^src/checkpoints/pickle-writer\.ts$',
    ]),
    only('analysis-knows-evaluation', 'analysis', [
      CATALOGUE,
      '^src/(evaluation|masks)/',
      '^src/data/(types|instances)\\.ts$',
      '^src/engine/profile-events\\.ts$',
    ]),
    only('checkpoints-know-nn', 'checkpoints', ['^src/nn/']),
    only('training-knows-models-by-type', 'training', [
      CATALOGUE,
      '^src/(checkpoints|engine|nn|ops)/',
      '^src/(models|data)/types\\.ts$',
    ]),
    only('remote-stands-alone', 'remote', []),
    only('config-stands-alone', 'config', []),
    only('visualization-knows-data-types', 'visualization', ['^src/masks/', '^src/data/types\\.ts$']),
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' } },
};
