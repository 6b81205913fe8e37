// Builds the page into dist/, which the server carries inside its binary; `npm run dev` passes /api on to a running server.
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { offline } from './offline.plugin'

const server = process.env.ANCHANG_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue(), offline()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'chrome90',
    // The map is one large lazy chunk; the first load is watched by `test/browser`.
    chunkSizeWarningLimit: 1200,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'maplibre', test: /maplibre-gl/ }] } } },
  },
  server: { proxy: { '/api': server, '/map': server } },
})
