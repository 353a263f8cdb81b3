// Finds the torch package that the engine is built against: its libtorch and headers.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import places from '../../scripts/setup/places.cjs';

/** The version of requirements.txt, with which the engine is tested. */
const pinned = () => /^torch==(\S+)/m.exec(readFileSync(path.join(places.root, 'requirements.txt'), 'utf8'))?.[1];

const pythonOf = (environment) => environment && path.join(environment, 'bin', 'python');

/** The torch package of a Python, found without importing it (which takes seconds); undefined without one. */
function torchOf(python) {
  if (!python || (path.isAbsolute(python) && !existsSync(python))) return undefined;
  const script =
    'import importlib.util as u,os,json;s=u.find_spec("torch");d=os.path.dirname(s.origin) if s and s.origin else None;' +
    'v={};d and exec(open(os.path.join(d,"version.py")).read(),v);' +
    'print(json.dumps({"folder":d,"version":v.get("__version__"),"cuda":v.get("cuda")}))';
  try {
    const torch = JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return torch.folder ? torch : undefined;
  } catch {
    return undefined; // no Python, or a broken one
  }
}

/**
 * Folder, version and CUDA version (or null) of the torch package of DETLAB_PYTHON or of DetLab's virtual environment; an
 * installed package also uses the active environment where that has the very version of requirements.txt.
 */
export function findTorch() {
  const given = torchOf(process.env.DETLAB_PYTHON) ?? torchOf(places.venvPython());
  if (given || places.isCheckout) return given;
  const active = [process.env.VIRTUAL_ENV, process.env.CONDA_PREFIX].map(pythonOf);
  return active.map(torchOf).find((torch) => torch?.version.split('+')[0] === pinned());
}
