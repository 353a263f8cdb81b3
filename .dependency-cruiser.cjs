/** Imports run one way: see the README's map. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, '^src/(check-model|errors|paths|random|registry|round-half-even)\\.ts$', ...allowed] },
});
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    { name: 'nothing-imports-the-kernel', severity: 'error', from: { path: '^src/' }, to: { path: '^kernels/jupyter' } },
    only('engine-knows-nobody', 'engine', []),
    only('nn-knows-engine-and-ops', 'nn', ['^src/engine/', '^src/ops/']),
    only('ops-know-engine', 'ops', ['^src/engine/']),
    only('masks-stand-alone', 'masks', []),
    only('models-know-nn-and-ops', 'models', ['^src/(engine|masks|nn|ops)/', '^src/data/types\\.ts$']),
    only('data-knows-masks', 'data', ['^src/masks/']),
    only('evaluation-knows-data-types', 'evaluation', ['^src/masks/', '^src/data/types\\.ts$']),
    only('checkpoints-know-nn', 'checkpoints', ['^src/nn/']),
    only('training-knows-models-by-type', 'training', ['^src/(engine|nn|ops)/', '^src/(models|data)/types\\.ts$']),
    only('config-knows-the-registry', 'config', []),
    only('visualization-knows-data-types', 'visualization', ['^src/masks/', '^src/data/types\\.ts$']),
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' } },
};
