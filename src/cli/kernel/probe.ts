// Starts the kernel as Jupyter would, in a process that can be killed: the compiled kernels/jupyter/probe.ts, which reports
// its findings as JSON lines.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../paths';
import { type Finding, SETUP } from '../finding';
import { type Kernelspec, kernelEntry } from './kernelspec';

const LIMIT_MS = 90_000;
const MAX_OUTPUT = 100_000;

const ADVICE: Record<string, string> = {
  zeromq: `its binary does not load with this Node.js: ${SETUP} with your current Node.js`,
  loopback: 'allow local connections on 127.0.0.1: a firewall or a sandbox blocks them',
  kernel: `see the lines above; after a change of sources, Node.js or packages, ${SETUP}`,
};

/** The findings of the steps up to a reply of the kernel: zeromq, loopback, kernel. */
export async function probeKernel(spec: Kernelspec): Promise<Finding[]> {
  const script = path.join(path.dirname(kernelEntry), 'probe.js');
  const finding = (name: string, ok: boolean, detail: string): Finding => ({
    name,
    ok,
    needed: true,
    detail,
    advice: ok ? undefined : ADVICE[name],
  });
  if (!existsSync(script)) return [finding('kernel', false, `no ${script}`)];
  const child = spawn(process.execPath, [script], { cwd: packageRoot, stdio: ['pipe', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text.out = (text.out + chunk).slice(-MAX_OUTPUT);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    text.err = (text.err + chunk).slice(-MAX_OUTPUT);
  });
  child.stdin.on('error', () => {}); // the process may end before it reads
  child.stdin.end(JSON.stringify({ argv: spec.argv, env: spec.env ?? {} }));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, LIMIT_MS);
  const ended = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with exit code ${code}`));
  });
  clearTimeout(timer);
  const steps = text.out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { name: string; ok: boolean; detail: string });
  const findings = steps.map(({ name, ok, detail }) => finding(name, ok, detail));
  if (findings.some(({ name, ok }) => name === 'kernel' || !ok)) return findings;
  const why = late ? `no reply within ${LIMIT_MS / 1000} s` : `the probe ${ended}: ${text.err.trim().slice(-500)}`;
  return [...findings, finding(['zeromq', 'loopback', 'kernel'][findings.length], false, why)];
}
