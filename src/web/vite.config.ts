import { defineConfig } from 'vite'

/** `vite src/web` serves the page while `npm start` serves the sockets and the API on its default port. */
const server = 'http://127.0.0.1:8080'

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    // An icon that is inlined as a data: URL would need a wider content security policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index.html', 'plain.html', 'status.html'].map((page) => `${import.meta.dirname}/${page}`),
    },
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
  server: {
    proxy: { '/api': server, '/collab': { target: server, ws: true }, '/ws': { target: server, ws: true } },
  },
})
