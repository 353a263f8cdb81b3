// The folders of what is built and installed here. In a checkout they are inside of it. An installed package may be read-only,
// and npm replaces it as it likes, so that its engine is in the user's data folder (or DETLAB_HOME): there under digests of what
// it is made of, shared by all projects that need the same. Only Node's built-ins: this runs before any package is installed.

const { createHash } = require('node:crypto');
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { homedir } = require('node:os');
const { join } = require('node:path');

const root = join(__dirname, '..', '..');
/** The tarball of `npm pack` is without what installs and compiles a checkout. */
const isCheckout = existsSync(join(root, 'scripts', 'setup', 'npm-packages.mjs'));

const windows = process.platform === 'win32';

function dataFolder(env = process.env, platform = process.platform) {
  if (platform === 'win32') return env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support');
  return env.XDG_DATA_HOME || join(homedir(), '.local', 'share');
}

/** The folder that DETLAB_HOME names, or `detlab` in the user's data folder. */
const home = () => process.env.DETLAB_HOME || join(dataFolder(), 'detlab');

/** What machine code built for this processor depends on. */
function processor() {
  try {
    return /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].trim() ?? process.arch;
  } catch {
    return process.arch;
  }
}

const known = new Map();

/** A folder of `home` that is named after the contents of files of the package and the machine. */
function folderOf(name, files, ...others) {
  const key = `${home()}\0${name}`;
  if (!known.has(key)) {
    const hash = createHash('sha256').update([process.platform, process.arch, ...others].join('\0'));
    for (const file of files()) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
    known.set(key, join(home(), `${name}-${hash.digest('hex').slice(0, 12)}`));
  }
  return known.get(key);
}

/** Files of a folder and of those in it; none where there is no such folder. */
const filesIn = (folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { withFileTypes: true })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((entry) => (entry.isDirectory() ? filesIn(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]))
    : [];

const sourcesOf = (kernels) => [...filesIn(`${kernels}/src`), `${kernels}/build.mjs`];

/** The build folder of `kernels/torch` or `kernels/pixels`. */
function buildFolder(name) {
  const kernels = `kernels/${name}`;
  if (isCheckout) return join(root, kernels, 'build');
  return folderOf(name, () => [...sourcesOf(kernels), 'requirements.txt'], processor());
}

/** The virtual environment with libtorch, and in a checkout with Jupyter. */
const venv = () => (isCheckout ? join(root, '.venv') : folderOf('python', () => ['requirements.txt']));

module.exports = {
  root,
  isCheckout,
  dataFolder,
  home,
  processor,
  buildFolder,
  venv,
  venvPython: () => join(venv(), ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python'])),
  /** Of stamps, and of the lock that set-ups take. */
  state: () => (isCheckout ? join(root, '.setup') : join(home(), 'setup')),
  /** Of what only saves time. */
  cache: () => (isCheckout ? join(root, 'node_modules', '.cache', 'detlab') : join(home(), 'cache')),
};
