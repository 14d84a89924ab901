import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// Django serves the build under /static/ and finds hashed names in .vite/manifest.json (app/explorer/templatetags/island.py).
export default defineConfig({
  base: '/static/',
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0, // no data: addresses, the Content-Security-Policy allows fonts from 'self' only
    chunkSizeWarningLimit: 1400, // Plotly's basic bundle, loaded only where charts are drawn
    target: 'es2022',
    rollupOptions: { input: 'src/main.ts' },
  },
  worker: { format: 'es' },
})
