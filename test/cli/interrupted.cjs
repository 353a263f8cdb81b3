// As run.cjs, with a Ctrl-C at the first line on stdout: always at the same step, however busy the machine is.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (...chunk) => {
  process.stdout.write = write;
  process.kill(process.pid, 'SIGINT');
  return write(...chunk);
};
require('./run.cjs');
