// `node -r ./test/typescript-require.cjs file.ts`: runs the sources as they are, for tests that need a process of their own.
// What TypeScript makes of a file is kept in node_modules/.cache, so that the next process need not load the compiler.

const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { version } = require('typescript/package.json');

const folder = path.join(__dirname, '../node_modules/.cache/typescript-require');
mkdirSync(folder, { recursive: true });

function compiled(file, source) {
  const ts = require('typescript');
  return ts.transpileModule(source, {
    fileName: file,
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
  }).outputText;
}

require.extensions['.ts'] = (module, file) => {
  const source = readFileSync(file, 'utf8');
  const key = createHash('sha256').update(`${version} ${file} ${source}`).digest('hex');
  const kept = path.join(folder, `${key}.js`);
  let code;
  try {
    code = readFileSync(kept, 'utf8');
  } catch {
    code = compiled(file, source);
    // whole or not at all, for processes that run side by side
    writeFileSync(`${kept}.${process.pid}`, code);
    renameSync(`${kept}.${process.pid}`, kept);
  }
  module._compile(code, file);
};
