// The command line from the sources, in a process of its own that preloads typescript-require.cjs.
require('../../src/cli/main.ts').main(process.argv);
