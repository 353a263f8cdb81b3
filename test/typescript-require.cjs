// `node -r ./test/typescript-require.cjs file.ts`: runs the sources as they are, for the processes and threads that tests
// start. What was compiled is kept in node_modules/.cache, by the digest of its source.

const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { threadId } = require('node:worker_threads');

const root = join(__dirname, '..');
const cache = join(root, 'node_modules', '.cache', 'typescript-require');
const salt = readFileSync(join(root, 'node_modules', 'typescript', 'package.json')) + readFileSync(__filename, 'utf8');

function compile(file, source) {
  const ts = require('typescript');
  return ts.transpileModule(source, {
    fileName: file,
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
  }).outputText;
}

function compiled(file) {
  const source = readFileSync(file, 'utf8');
  const kept = join(cache, `${createHash('sha1').update(salt).update(source).digest('hex')}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const text = compile(file, source);
    const partial = `${kept}.${process.pid}.${threadId}`;
    mkdirSync(cache, { recursive: true });
    writeFileSync(partial, text);
    renameSync(partial, kept);
    return text;
  }
}

require.extensions['.ts'] = (module, file) => module._compile(compiled(file), file);
