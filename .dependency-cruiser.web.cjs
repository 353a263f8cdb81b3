/** What a browser gets (src/web) reaches neither Node nor its native modules; types alone do not count. */
const NODE_ONLY = '^(node_modules/(sharp|@napi-rs/canvas|zeromq|typescript)/|sharp$|@napi-rs/canvas$)';
module.exports = {
  forbidden: [
    { name: 'the-web-reaches-no-node-module', severity: 'error', from: { path: '^src/web/' }, to: { reachable: true, path: NODE_ONLY } },
    {
      name: 'what-the-web-reaches-imports-no-node-module',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: false,
  },
};
